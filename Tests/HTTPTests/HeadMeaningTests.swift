import Core
import HTTP
import Testing

@Suite("Request framing, host and connection") struct HeadMeaningTests {
    private func outcome(_ fields: String, version: String = "1.1") -> RequestSummary {
        parseEverySplit(of: "POST / HTTP/\(version)\r\n\(fields)\r\n")
    }

    @Test(
        "framing is never repaired (RFC 9112 6.1, 6.3)",
        arguments: [
            ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", HeadError.conflictingFraming),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", .conflictingFraming),
            ("Transfer-Encoding: gzip\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: identity\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: xchunked\r\n", .unsupportedTransferEncoding),
            ("Transfer-Encoding: gzip, chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding: chunked, chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding: chunked,\r\n", .badTransferEncoding),
            ("Transfer-Encoding: chunked;a=b\r\n", .badTransferEncoding),
            ("Transfer-Encoding: \"chunked\"\r\n", .badTransferEncoding),
            ("Transfer-Encoding:\r\n", .badTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding: \r\nTransfer-Encoding: chunked\r\n", .badTransferEncoding),
            ("Transfer_Encoding: chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding\u{A0}: chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding : chunked\r\n", .badField),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", .duplicateContentLength),
            ("Content-Length: 1\r\nContent-Length: 2\r\n", .duplicateContentLength),
            ("Content-Length: 1, 1\r\n", .badContentLength), ("Content-Length: +1\r\n", .badContentLength),
            ("Content-Length: -1\r\n", .badContentLength), ("Content-Length: 1 1\r\n", .badContentLength),
            ("Content-Length: 0x1\r\n", .badContentLength), ("Content-Length:\r\n", .badContentLength),
            ("Content-Length: 9223372036854775808\r\n", .badContentLength),
            ("Content-Length: 99999999999999999999999\r\n", .badContentLength),
            ("Content_Length: 1\r\n", .badContentLength), ("content_length: 1\r\n", .badContentLength),
            ("Content.Length: 1\r\n", .badContentLength), ("\u{FF}Content-Length: 1\r\n", .badContentLength),
            ("Content-Length : 1\r\n", .badField), ("Content-Length\t: 1\r\n", .badField),
        ])
    func refusesFraming(fields: String, error: HeadError) {
        #expect(outcome("Host: a\r\n" + fields).outcome == .refused(error))
    }

    @Test("Content_Length is refused where underscores are allowed, too")
    func underscoreTrick() {
        var limits = HeadLimits()
        limits.underscoresInHeaders = true
        let summary = parseEverySplit(
            of: "POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 1\r\n\r\n", limits: limits)
        #expect(summary.outcome == .refused(.badContentLength))
    }

    @Test("Transfer-Encoding is refused in HTTP/1.0")
    func chunkedInOldVersion() {
        #expect(
            outcome("Transfer-Encoding: chunked\r\n", version: "1.0").outcome
                == .refused(.chunkedInOldVersion))
    }

    @Test("sound framing is understood")
    func acceptsFraming() {
        #expect(outcome("Host: a\r\nContent-Length: 9223372036854775807\r\n").content == .known(.max))
        #expect(outcome("Host: a\r\ncontent-length: 007 \r\n").content == .known(7))
        #expect(outcome("Host: a\r\ntransfer-ENCODING: Chunked\r\n").content == .unknown)
        #expect(outcome("Host: a\r\nX-Content-Length: x\r\nContent-Lengths: x\r\n").content == .none)
    }

    @Test("exactly one valid Host in HTTP/1.1, none needed in HTTP/1.0 (RFC 9112 3.2)")
    func hosts() {
        #expect(outcome("").outcome == .refused(.missingHost))
        #expect(outcome("", version: "1.0").texts[7] == "-")
        #expect(outcome("Host: a\r\nHost: a\r\n").outcome == .refused(.duplicateHost))
        #expect(outcome("Host: a\r\nHost: b\r\n", version: "1.0").outcome == .refused(.duplicateHost))
        #expect(outcome("Host:\r\n").outcome == .refused(.badHost))
        #expect(outcome("Host:\r\n", version: "1.0").outcome == .refused(.badHost))
        #expect(outcome("Host: a b\r\n").outcome == .refused(.badHost))
        #expect(outcome("hOST: a:1\r\n").texts[7] == "a:1")
    }

    @Test(
        "what holds one value is there once",
        arguments: [
            "Authorization", "Expect", "If-Match", "If-None-Match", "If-Modified-Since",
            "If-Unmodified-Since",
            "If-Range", "Content-Range",
        ])
    func singleFields(name: String) {
        #expect(outcome("Host: a\r\n\(name): 1\r\n").outcome != .refused(.duplicateField))
        #expect(outcome("Host: a\r\n\(name): 1\r\n\(name): 1\r\n").outcome == .refused(.duplicateField))
    }

    @Test("the status that answers each refusal is nginx's")
    func statuses() {
        #expect(HeadError.requestLineTooLong.status == 414)
        #expect(HeadError.fieldTooLong.status == 494 && HeadError.headTooLarge.status == 494)
        #expect(HeadError.unsupportedVersion.status == 505)
        #expect(HeadError.unsupportedTransferEncoding.status == 501)
        #expect(HeadError.badHost.status == 400)
    }

    @Test("what Connection names is marked, whichever of several lines names it")
    func connectionNames() {
        let summary = outcome(
            "Host: a\r\nX-A: 1\r\nConnection: close, x-a ,,Cookie\r\nCookie: c\r\n"
                + "X-B: 2\r\nConnection: X-b,TE\r\n"
        )
        #expect(
            summary.fields == [
                "Host=a/host/false", "X-A=1/other/true", "Connection=close, x-a ,,Cookie/connection/false",
                "Cookie=c/cookie/true", "X-B=2/other/true", "Connection=X-b,TE/connection/false",
            ])
    }

    @Test("what the next hop must see cannot be named away")
    func unremovable() {
        let summary = outcome(
            "Host: a\r\nX-Forwarded-For: 1\r\nX-Real-IP: 1\r\nForwarded: 1\r\nContent-Length: 0\r\n"
                + "Connection: host, x-forwarded-for, x-real-ip, forwarded, content-length\r\n")
        #expect(summary.fields.allSatisfy { $0.hasSuffix("/false") })
    }

    @Test("a Connection that names very many fields is refused")
    func connectionBound() {
        let many = String(repeating: "a,", count: 64)
        #expect(outcome("Host: a\r\nConnection: \(many)\r\n").method == .post)
        #expect(outcome("Host: a\r\nConnection: \(many)a\r\n").outcome == .refused(.tooManyFields))
    }

    @Test("connection options are told, without case")
    func connectionOptions() {
        let head = RequestHead()
        let buffer = filled(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, UPGRADE\r\n"
                + "Connection: Close,te\r\nUpgrade: h2c\r\n\r\n"
        )
        var parser = HTTP1RequestParser()
        _ = parser.parse(buffer, into: head, limits: HeadLimits())
        #expect(head.connection == [.close, .keepAlive, .upgrade, .te])
        #expect(head.upgrade.map { buffer.string(of: $0) } == "h2c")
    }
}
