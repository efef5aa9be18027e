internal import Core
internal import HTTP
internal import Net

/// Several ranges of a file in one response: `multipart/byteranges`.
///
/// - SeeAlso: RFC 9110 §14.6.
enum MultipartRanges {
    /// The parts are gathered in memory: requests for more than this get the whole file instead, which
    /// RFC 9110 §14.2 allows.
    static var contentMax: Int64 { 1 << 20 }

    /// Fills in the response with `ranges` of `file`.
    ///
    /// - Returns: false, and nothing is changed, if they are too much to gather or cannot be read.
    static func fill(_ exchange: Exchange, from file: OpenedFile, _ ranges: [Range<Int64>]) -> Bool {
        let response = exchange.response
        let sum = ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        guard sum <= contentMax, ranges.count <= 1000 else { return false }
        Charset.settle(exchange)
        let content = response.content
        content.removeAll()
        let boundary = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(boundary) }
        boundary.append(
            decimal: UInt(truncatingIfNeeded: UInt64.random(in: 0..<10_000_000_000_000_000_000)), width: 20)
        for range in ranges {
            content.append("\r\n--")
            content.append(contentsOf: boundary)
            content.append("\r\nContent-Type: ")
            content.append(contentsOf: response.contentType)
            content.append("\r\nContent-Range: ")
            append(range, of: file.stamp.size, to: content)
            content.append("\r\n\r\n")
            guard append(range, from: file, to: content) else {
                content.removeAll()
                return false
            }
        }
        content.append("\r\n--")
        content.append(contentsOf: boundary)
        content.append("--\r\n")
        response.status = 206
        response.contentKind = .buffered
        response.contentLength = Int64(content.count)
        response.contentType.removeAll()
        response.contentType.append("multipart/byteranges; boundary=")
        response.contentType.append(contentsOf: boundary)
        return true
    }

    /// Appends the value of `Content-Range`.
    static func append(_ range: Range<Int64>, of size: Int64, to out: ByteBuffer) {
        out.append("bytes ")
        out.append(decimal: Int(range.lowerBound))
        out.append(UInt8(ascii: "-"))
        out.append(decimal: Int(range.upperBound - 1))
        out.append(UInt8(ascii: "/"))
        out.append(decimal: Int(size))
    }

    private static func append(_ range: Range<Int64>, from file: OpenedFile, to out: ByteBuffer) -> Bool {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = Int(range.upperBound - offset)
            guard case .bytes(let read) = file.read(into: out, at: offset, count: count), read > 0 else {
                return false
            }
            offset += Int64(read)
        }
        return true
    }
}
