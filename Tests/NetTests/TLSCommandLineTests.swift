import Foundation
import Glibc
import TestSupport
import Testing

@testable import Net

@Suite("TLS with openssl s_client")
struct TLSCommandLineTests {
    static let program = "/usr/bin/openssl"
    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: program) }

    @Test(
        "another implementation's client shakes hands, verifies, and reads what is sent",
        .enabled(if: isThere),
        arguments: ["-tls1_2", "-tls1_3"])
    func client(_ version: String) throws {
        signal(SIGPIPE, SIG_IGN)
        let (listener, port) = try Self.listen()
        defer { close(listener) }
        let folder = try TemporaryDirectory()
        let client = try Program(
            Self.program,
            [
                "s_client", "-connect", "127.0.0.1:\(port)", version, "-servername", "one.test", "-alpn",
                "http/1.1", "-CAfile", folder.write(TLSFixtures.authority, to: "ca.pem"), "-verify_hostname",
                "one.test", "-verify_return_error", "-ign_eof",
            ], in: folder)
        let connection = accept(listener, nil, nil)
        // Blocking: each step waits for the client's next words. The timeout only bounds a failure.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let tls = TLSConnection(server: try .make { $0.alpn = ["http/1.1"] }, fd: connection)
        var isDone = false
        for _ in 0..<4 where !isDone {
            if case .done = tls.handshake() { isDone = true }
        }
        #expect(isDone)
        #expect(tls.serverName == Array("one.test".utf8))
        #expect(tls.alpn == "http/1.1")
        #expect(TLSPair.send("hello from the server", tls) == .bytes(21))
        tls.shutdown()
        close(connection)
        #expect(client.waitForEnd(within: 20) != nil)
        let text = client.output
        #expect(text.contains("Verify return code: 0 (ok)"))
        #expect(text.contains("hello from the server"))
    }

    private static func listen() throws -> (fd: Int32, port: UInt16) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(fd, pointer, length) == 0, Glibc.listen(fd, 1) == 0 else { return Int32(-1) }
                return getsockname(fd, pointer, &length)
            }
        }
        guard fd >= 0, result == 0 else { throw Errno.current }
        return (fd, UInt16(bigEndian: address.sin_port))
    }
}
