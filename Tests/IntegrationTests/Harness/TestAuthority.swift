import Foundation
import TestSupport

/// An authority with certificates of its own, made by the openssl program.
enum TestAuthority {
    static func openssl(_ arguments: String, in directory: TemporaryDirectory) throws {
        let words = arguments.split(separator: " ").map(String.init)
        let run = try Program.run("openssl", words, in: directory, name: "openssl-make")
        guard run.ending == .exited(0) else { throw HarnessError(run.errors) }
    }

    /// An authority, a client's certificate of it, one that is revoked, and the list that says so.
    static func make(in directory: TemporaryDirectory) throws {
        let path = directory.path
        _ = try TLSClient.makeCertificate(for: ["authority"], in: directory, name: "ca")
        try directory.write(
            """
            [ ca ]
            default_ca = this
            [ this ]
            database = \(path)/index.txt
            new_certs_dir = \(path)
            certificate = \(path)/ca.crt
            private_key = \(path)/ca.key
            serial = \(path)/serial
            default_md = sha256
            default_days = 2
            default_crl_days = 2
            policy = any
            [ any ]
            commonName = supplied
            """, to: "ca.conf")
        try directory.write(
            "basicConstraints = CA:FALSE\nextendedKeyUsage = OCSPSigning, clientAuth\n", to: "delegate.ext")
        try directory.write("", to: "index.txt")
        try directory.write("1001\n", to: "serial")
        for name in ["good", "revoked", "delegate"] {
            try openssl(
                "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
                    + " -keyout \(path)/\(name).key -out \(path)/\(name).csr -subj /CN=\(name)",
                in: directory)
            try openssl(
                "ca -batch -notext -config \(path)/ca.conf -in \(path)/\(name).csr -out \(path)/\(name).crt"
                    + (name == "delegate" ? " -extfile \(path)/delegate.ext" : ""),
                in: directory)
        }
        try directory.write(directory.read("index.txt"), to: "lies.txt")
        try openssl("ca -config \(path)/ca.conf -revoke \(path)/revoked.crt", in: directory)
        try openssl("ca -config \(path)/ca.conf -gencrl -out \(path)/list.crl", in: directory)
        _ = try TLSClient.makeCertificate(for: ["stranger"], in: directory, name: "stranger")
        _ = try TLSClient.makeCertificate(for: ["a.test", "b.test"], in: directory)
    }

    /// Answers to questions for the state of its certificates, until it is let go.
    ///
    /// - Parameters:
    ///   - index: what it knows; in `lies.txt` nothing is revoked.
    ///   - signer: whose certificate and key sign the answers.
    static func responder(
        port: UInt16, index: String = "index.txt", signer: String = "ca", in directory: TemporaryDirectory
    ) throws -> Program {
        let path = directory.path
        let responder = try Program(
            "openssl",
            [
                "ocsp", "-port", "\(port)", "-index", path + "/\(index)", "-CA", path + "/ca.crt",
                "-rsigner", path + "/\(signer).crt", "-rkey", path + "/\(signer).key", "-ndays", "1",
            ], in: directory, name: "responder-\(port)")
        // It tells when it listens.
        guard waitUntil(Deadline(in: 5), { (responder.output + responder.errors).contains("waiting for") })
        else { throw HarnessError("the responder does not start: \(responder.errors)") }
        return responder
    }
}
