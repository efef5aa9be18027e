import Core
import Testing

@testable import HTTP

/// Which fields behind content are taken for what they say: RFC 9110 §6.5.1.
@Suite("Trailer section") struct TrailerSectionTests {
    private static func fields(_ lines: String, cuts: [Int] = []) -> [String] {
        let section = TrailerSection()
        let bytes = ByteBuffer(capacity: 64)
        bytes.append(lines)
        var start = 0
        for cut in cuts + [bytes.count] {
            section.append(lines: start..<cut, of: bytes)
            start = cut
        }
        section.complete()
        return section.fields.map {
            "\(section.bytes.string(of: $0.name))=\(section.bytes.string(of: $0.value))"
        }
    }

    @Test("fields are found wherever their lines were cut, without the white space around values")
    func found() {
        let lines = "X-Sum: 1:2\r\nY:\r\ngrpc-status: \t 0 \r\nETag: \"a\"\r\n"
        let expected = ["X-Sum=1:2", "Y=", "grpc-status=0", "ETag=\"a\""]
        for cut in 0...lines.utf8.count { #expect(Self.fields(lines, cuts: [cut]) == expected) }
    }

    @Test(
        "what speaks of framing, routing, authority or the content before it is left out",
        arguments: [
            "Content-Length: 1", "content_length: 1", "Transfer-Encoding: chunked", "Transfer_Encoding: x",
            "Host: a", "Connection: x", "Keep-Alive: 5", "TE: trailers", "Trailer: a", "Upgrade: x",
            "Proxy-Connection: x", "Authorization: x", "Proxy-Authorization: x", "WWW-Authenticate: x",
            "Proxy-Authenticate: x", "Set-Cookie: a=b", "Cookie: a=b", "Set-Cookie2: a=b", "Location: /",
            "Content-Type: x", "Content-Encoding: gzip", "Content-Range: x", "Content-Disposition: x",
            "Cache-Control: x", "Expires: x", "Date: x", "Vary: x", "Age: 1", "Warning: x", "Pragma: x",
            "Retry-After: 1", "Max-Forwards: 1", "Expect: x", "Range: x", "If-Match: x", "Server: x",
            "X-Accel-Redirect: /", "X-Forwarded-For: 1.2.3.4", "Bad\u{e9}name: x", "Bad(name: x",
        ])
    func leftOut(_ line: String) {
        #expect(Self.fields("A: 1\r\n\(line)\r\nB: 2\r\n") == ["A=1", "B=2"])
        #expect(Self.fields("\(line.uppercased())\r\n") == [])
    }

    @Test("a section that is used again holds nothing of the one before")
    func again() {
        let section = TrailerSection()
        let bytes = ByteBuffer(capacity: 64)
        bytes.append("A: \(String(repeating: "x", count: 5000))\r\n")
        section.append(lines: 0..<bytes.count, of: bytes)
        section.complete()
        #expect(section.fields.count == 1)
        section.reset()
        section.complete()
        #expect(section.fields.isEmpty && section.bytes.isEmpty)
    }
}
