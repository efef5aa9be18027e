import Foundation
import TestSupport
import Testing

@testable import Proxy

@Suite("Certificates named in a configuration")
struct CertificateFilesTests {
    static let openssl = "/usr/bin/openssl"

    private func folder() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        for name in ["one", "two"] {
            let made = try folder.run(
                CertificateFilesTests.openssl,
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem",
                ])
            #expect(made.status == 0, "\(made.errors)")
        }
        return folder
    }

    private func error(_ folder: TemporaryDirectory, _ certificate: String, _ key: String) throws -> String? {
        try folder.write(
            "main.conf",
            "events {}\nhttp { server { listen 127.0.0.1:8443 ssl;\nssl_certificate \(certificate);\n"
                + "ssl_certificate_key \(key);\n} }\n")
        return folder.error("main.conf")
    }

    @Test(
        "the key must be the certificate's; names are relative to the configuration file",
        .enabled(if: FileManager.default.isExecutableFile(atPath: openssl)))
    func keyMustMatch() throws {
        let folder = try folder()
        #expect(try error(folder, "one.pem", "one.key") == nil)
        let mismatch = try #require(try error(folder, "one.pem", "two.key"))
        #expect(
            mismatch.hasPrefix("SSL_CTX_use_PrivateKey(\"\(folder.path)/two.key\") failed"), "\(mismatch)")
        #expect(mismatch.contains("key values mismatch"), "\(mismatch)")
    }

    @Test(
        "a file that is not there, or is no certificate, is refused with its name",
        .enabled(if: FileManager.default.isExecutableFile(atPath: openssl)))
    func filesMustBeReadable() throws {
        let folder = try folder()
        let missing = try #require(try error(folder, "none.pem", "one.key"))
        #expect(missing.hasPrefix("cannot load certificate \"\(folder.path)/none.pem\": "), "\(missing)")
        #expect(missing.contains("No such file or directory"), "\(missing)")
        let keyless = try #require(try error(folder, "one.pem", "none.key"))
        #expect(
            keyless.hasPrefix("cannot load certificate key \"\(folder.path)/none.key\": "), "\(keyless)")
        try folder.write("text.pem", "no certificate\n")
        let text = try #require(try error(folder, "text.pem", "one.key"))
        #expect(text.hasPrefix("cannot load certificate \"\(folder.path)/text.pem\": "), "\(text)")
        let swapped = try #require(try error(folder, "one.key", "one.pem"))
        #expect(swapped.hasPrefix("cannot load certificate \"\(folder.path)/one.key\": "), "\(swapped)")
    }
}
