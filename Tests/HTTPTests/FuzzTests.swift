import Core
import HTTP
import Testing

/// Seeded mutations of sound input, bounded in time. A trap of any parser ends the run.
@Suite("Mutated input") struct FuzzTests {
    static let requests = [
        "GET /a/../b%20c?x=y HTTP/1.1\r\nHost: example.org:80\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
        "POST http://a.b/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            + "Connection: close, X-A\r\nX-A: b\r\n\r\n",
        "\r\nPUT /x HTTP/1.0\nContent-Length: 12\nExpect: 100-continue\nX_y: z\n\n",
        "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ]
    static let budget = Duration.milliseconds(450)

    /// Calls `body` with mutations of `samples` until the time is up.
    private func mutations(
        of samples: [String], seed: UInt64, _ body: ([UInt8], inout SeededGenerator) -> Void
    ) {
        var generator = SeededGenerator(state: seed)
        let start = ContinuousClock.now
        var round = 0
        while ContinuousClock.now - start < Self.budget {
            let sample = bytes(samples[round % samples.count])
            body(generator.mutate(sample), &generator)
            round += 1
        }
    }

    private func cuts(_ count: Int, _ generator: inout SeededGenerator) -> [Int] {
        (0..<3).map { _ in Int.random(in: 0...count, using: &generator) }.sorted()
    }

    @Test("a request head comes to the same whole and in pieces")
    func requestHead() {
        var small = HeadLimits()
        small.clientHeaderBufferSize = 40
        small.largeBufferSize = 48
        small.largeBufferCount = 2
        small.maxFields = 4
        mutations(of: Self.requests, seed: 1) { sample, generator in
            let limits = Bool.random(using: &generator) ? small : HeadLimits()
            let whole = parseRequest(sample, limits: limits)
            let pieces = parseRequest(sample, cuts: cuts(sample.count, &generator), limits: limits)
            #expect(pieces == whole, "\(sample)")
            if case .complete(let length) = whole.outcome { #expect(length <= sample.count) }
        }
    }

    @Test("a response head comes to the same whole and in pieces")
    func responseHead() {
        let samples = [
            "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
            "HTTP/1.0 304 \nETag: \"x\"\nDate: Sun, 06 Nov 1994 08:49:37 GMT\n\n",
        ]
        mutations(of: samples, seed: 2) { sample, generator in
            func parse(_ cuts: [Int]) -> HTTP1ResponseParser.Outcome {
                let head = ResponseHead()
                var parser = HTTP1ResponseParser()
                let buffer = ByteBuffer(capacity: 16)
                var start = 0
                for cut in cuts + [sample.count] {
                    buffer.append(Array(sample[start..<cut]))
                    start = cut
                    let outcome = parser.parse(buffer, into: head, sizeMax: 90)
                    guard outcome == .incomplete else { return outcome }
                }
                return .incomplete
            }
            #expect(parse(cuts(sample.count, &generator)) == parse([]), "\(sample)")
        }
    }

    @Test("chunked content comes to the same whole and in pieces")
    func chunked() {
        let samples = [
            "5\r\nhello\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\n\r\nNEXT", "1\r\na\r\n7fffffffffffffff\r\nabc",
            "0\r\nX: y\r\nZ: a\r\n\r\n",
        ]
        mutations(of: samples, seed: 3) { sample, generator in
            let whole = ChunkedDecoderTests.decode(sample, cuts: [])
            let pieces = ChunkedDecoderTests.decode(sample, cuts: cuts(sample.count, &generator))
            #expect(pieces == whole, "\(sample)")
        }
    }

    @Test("a normalised path begins with a slash, stays normal, and grows never")
    func paths() {
        let samples = ["/a/../b/./c//d%2fe%3f%25", "/%2e%2e/x/..", "//a/.../.b/%2E/"]
        mutations(of: samples, seed: 4) { sample, generator in
            let merges = Bool.random(using: &generator)
            let out = ByteBuffer(capacity: 16)
            let rooted = [UInt8(ascii: "/")] + sample
            guard
                rooted.withUnsafeBufferPointer({ URIPath.normalise($0.span, mergeSlashes: merges, into: out) }
                )
            else {
                return
            }
            let result = out.bytes
            #expect(result.first == UInt8(ascii: "/") && result.count <= rooted.count, "\(rooted)")
            let segments = result.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            #expect(!segments.contains { $0 == bytes(".")[...] || $0 == bytes("..")[...] }, "\(rooted)")
            if merges { #expect(!segments.dropFirst().dropLast().contains { $0.isEmpty }, "\(rooted)") }
        }
    }

    @Test("dates and hosts never trap")
    func small() {
        mutations(
            of: ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "[::1]:80", "a.b:1"], seed: 5
        ) {
            sample, _ in
            sample.withUnsafeBufferPointer {
                _ = CivilTime.parseHTTPDate($0.span)
                _ = HostName.isValid($0.span)
                _ = HostName.lengthWithoutPort($0.span)
                _ = FieldName.recognise($0.span)
            }
        }
    }
}
