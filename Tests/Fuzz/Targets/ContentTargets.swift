import Core
import HTTP

/// Content, and the small things that heads hold.
extension FuzzTarget {
    /// Content comes to the same whole and in pieces.
    static let chunked = FuzzTarget(name: "chunked", words: httpWords + ["a;b=c", "1\r\nx\r\n"]) {
        input, random in
        let whole = ChunkReading()
        whole.read(input.buffer)
        let pieces = ChunkReading()
        var start = 0
        for cut in random.cuts(input.bytes.count) + [input.bytes.count] {
            let arriving = ByteBuffer(capacity: 16)
            arriving.append(Array(input.bytes[start..<cut]))
            start = cut
            pieces.read(arriving)
        }
        try hold(pieces.text == whole.text, "in pieces: \(pieces.text); whole: \(whole.text)")
        try hold(whole.content.count <= input.bytes.count, "more content than bytes")
    }

    /// A normalised path begins with a slash, stays normal, and grows never.
    static let uri = FuzzTarget(name: "uri", words: httpWords + ["/./", "/../", "%2f", "%25", "%"]) {
        input, random in
        let merges = random.flip()
        let out = ByteBuffer(capacity: 16)
        input.buffer.withReadable { bytes in
            URIPath.unescape(bytes, into: out)
            out.removeAll()
            URIPath.escape(bytes, as: .uri, into: out)
            URIPath.escapeControls(bytes, into: out)
            _ = URIPath.decodeNamed(bytes, into: out)
        }
        out.removeAll()
        input.fill([UInt8(ascii: "/")] + input.bytes)
        guard input.buffer.withReadable({ URIPath.normalise($0, mergeSlashes: merges, into: out) }) else {
            return
        }
        let path = out.bytes
        try hold(path.first == UInt8(ascii: "/"), "begins with another byte: \(path)")
        try hold(path.count <= input.bytes.count, "grew: \(path)")
        let segments = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        try hold(!segments.contains { $0 == [0x2E] || $0 == [0x2E, 0x2E] }, "is not normal: \(path)")
        let inner = segments.dropFirst().dropLast()
        try hold(!merges || !inner.contains { $0.isEmpty }, "has two slashes: \(path)")
    }

    /// Dates, hosts and names never trap.
    static let smallValues = FuzzTarget(
        name: "small-values", words: httpWords + ["GMT", "Sun, 06 Nov 1994 "]
    ) {
        input, _ in
        let count = input.buffer.withReadable { bytes in
            _ = CivilTime.parseHTTPDate(bytes)
            _ = HostName.isValid(bytes)
            _ = FieldName.recognise(bytes)
            return HostName.lengthWithoutPort(bytes)
        }
        try hold(count <= input.bytes.count, "\(count) bytes of host")
    }

    /// A decoder, and what it gave.
    private final class ChunkReading {
        private var decoder = ChunkedDecoder()
        private let trailers = TrailerSection()
        private(set) var content: [UInt8] = []
        private var end: String?

        var text: String { "\(content) \(end ?? "unfinished")" }
        private var taken = 0

        func read(_ buffer: ByteBuffer) {
            guard end == nil else { return }
            var position = 0
            do throws(ChunkError) {
                while true {
                    switch try piece(buffer, position) {
                    case .content(let range):
                        for index in range { content.append(buffer[index]) }
                        position = range.upperBound
                    case .trailers(let range):
                        trailers.append(lines: range, of: buffer)
                        position = range.upperBound
                    case .needsMore:
                        taken += buffer.count
                        return
                    case .finished(let consumed):
                        trailers.complete()
                        let names = trailers.fields.map { trailers.bytes.string(of: $0.name) }
                        end = "at \(taken + consumed), \(names)"
                        return
                    }
                }
            } catch {
                end = "\(error)"
            }
        }

        private func piece(_ buffer: ByteBuffer, _ position: Int) throws(ChunkError) -> ChunkedDecoder.Piece {
            try buffer.withReadable { (bytes) throws(ChunkError) in try decoder.decode(bytes, from: position)
            }
        }
    }
}
