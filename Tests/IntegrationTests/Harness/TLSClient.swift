import Foundation
import TestSupport

/// TLS seen from outside, through the openssl and curl programs.
enum TLSClient {
    /// Makes a self-signed certificate for the names.
    /// - Returns: paths of the certificate and of its key in the directory.
    static func makeCertificate(
        for names: [String], in directory: TemporaryDirectory, name: String = "server", days: Int = 90,
        key kind: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    ) throws -> (certificate: String, key: String) {
        let certificate = directory.path + "/\(name).crt"
        let key = directory.path + "/\(name).key"
        let alternatives = names.map { "DNS:\($0)" }.joined(separator: ",")
        let made = try Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey",
            ] + kind + [
                "-nodes", "-days", "\(days)", "-keyout", key, "-out", certificate, "-subj", "/CN=\(names[0])",
                "-addext", "subjectAltName=\(alternatives)",
            ], in: directory, name: "openssl-\(name)")
        guard made.ending == .exited(0) else { throw HarnessError(made.errors) }
        chmod(key, 0o644)
        return (certificate, key)
    }

    /// What `openssl s_client` says about a handshake (certificate, protocol, cipher, ALPN).
    static func handshake(
        port: UInt16, serverName: String? = nil, options: [String] = [], in directory: TemporaryDirectory
    ) throws -> String {
        var arguments = ["s_client", "-connect", "127.0.0.1:\(port)"]
        arguments += serverName.map { ["-servername", $0] } ?? ["-noservername"]
        let run = try Program.run("openssl", arguments + options, in: directory, name: "s_client")
        return run.output + run.errors
    }

    /// A request by curl over TLS, any certificate accepted.
    /// - Returns: head and body as curl prints them with `-i`, and its exit code.
    static func curl(
        port: UInt16, host: String, path: String = "/", options: [String] = [],
        in directory: TemporaryDirectory
    ) throws -> (text: String, ending: Program.Ending) {
        let run = try Program.run(
            "curl",
            [
                "-sSik", "--max-time", "8", "--resolve", "\(host):\(port):127.0.0.1",
                "https://\(host):\(port)\(path)",
            ] + options, in: directory, name: "curl")
        return (run.output.isEmpty ? run.errors : run.output, run.ending)
    }

    /// What `openssl s_client` says while it makes one request with a certificate of the server's directory.
    static func ask(_ server: Server, as name: String, _ options: [String] = []) throws -> String {
        let path = server.directory.path
        let words =
            ["-connect", "127.0.0.1:\(server.port)", "-cert", "\(path)/\(name).crt"]
            + ["-key", "\(path)/\(name).key", "-ign_eof"] + options
        let request = "printf 'GET / HTTP/1.1\\r\\nHost: a.test\\r\\nConnection: close\\r\\n\\r\\n'"
        let run = try Program.run(
            "sh", ["-c", "\(request) | openssl s_client \(words.joined(separator: " "))"],
            in: server.directory, name: "s_client")
        return run.output + run.errors
    }
}
