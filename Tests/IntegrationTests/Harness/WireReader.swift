import Foundation
import TestSupport

/// Reads HTTP/1 pieces from a descriptor, byte-exact, and keeps what came beyond them.
struct WireReader {
    let descriptor: Int32
    private(set) var pending: [UInt8] = []
    private(set) var isAtEnd = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Takes what has been read but not used.
    mutating func takePending() -> [UInt8] {
        defer { pending = [] }
        return pending
    }

    /// Reads once more.
    /// - Returns: false at the end of the stream.
    mutating func fill(_ deadline: Deadline) throws -> Bool {
        if isAtEnd { return false }
        guard let bytes = try Socket.read(descriptor, deadline) else {
            isAtEnd = true
            return false
        }
        pending += bytes
        return true
    }

    /// Reads up to and including an empty line.
    /// - Returns: nil when the stream ended before any byte; what came, when it ended within.
    mutating func head(_ deadline: Deadline) throws -> [UInt8]? {
        var searched = 0
        while true {
            if let end = WireReader.endOfHead(pending, from: searched) { return take(end) }
            searched = max(0, pending.count - 3)
            if try !fill(deadline) { return pending.isEmpty ? nil : takePending() }
        }
    }

    /// Reads a line without its CRLF (or LF); nil at the end of the stream.
    mutating func line(_ deadline: Deadline) throws -> [UInt8]? {
        while true {
            if let end = pending.firstIndex(of: 10) {
                var line = take(end + 1)
                line.removeLast()
                if line.last == 13 { line.removeLast() }
                return line
            }
            if try !fill(deadline) { return nil }
        }
    }

    /// Reads `count` bytes, fewer only at the end of the stream.
    mutating func bytes(_ count: Int, _ deadline: Deadline) throws -> [UInt8] {
        while pending.count < count {
            if try !fill(deadline) { break }
        }
        return take(min(count, pending.count))
    }

    mutating func untilEnd(_ deadline: Deadline) throws -> [UInt8] {
        while try fill(deadline) {}
        return takePending()
    }

    /// Reads a chunked body.
    /// - Returns: its content, its trailer lines, and whether the last chunk was seen.
    mutating func chunked(
        _ deadline: Deadline
    ) throws -> (content: [UInt8], trailers: [String], isWhole: Bool) {
        var content: [UInt8] = []
        while true {
            guard let line = try line(deadline) else { return (content, [], false) }
            let digits = String(latin1: line.prefix { $0 != UInt8(ascii: ";") })
            guard let size = Int(digits, radix: 16), size >= 0 else {
                throw HarnessError("bad chunk size line: \(String(latin1: line))")
            }
            if size == 0 { break }
            let piece = try bytes(size, deadline)
            content += piece
            if piece.count < size { return (content, [], false) }
            let end = try bytes(2, deadline)
            if end.count < 2 { return (content, [], false) }
            guard end == [13, 10] else { throw HarnessError("a chunk does not end in CRLF") }
        }
        var trailers: [String] = []
        while true {
            guard let line = try line(deadline) else { return (content, trailers, false) }
            if line.isEmpty { return (content, trailers, true) }
            trailers.append(String(latin1: line))
        }
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { pending.removeFirst(count) }
        return Array(pending[..<count])
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 3 < bytes.count {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}

/// A field line as it stood on the wire.
struct WireField: Equatable, Sendable {
    let name: String
    let value: String
}

/// A start line and its fields.
struct WireHead: Sendable {
    /// As it came, with the empty line.
    let raw: [UInt8]
    let startLine: String
    let fields: [WireField]

    /// Splits a head, strictly: every line ends in CRLF, every field has a colon right after its name.
    init(_ raw: [UInt8]) throws {
        self.raw = raw
        guard raw.suffix(4) == [13, 10, 13, 10] else {
            throw HarnessError("a head without its end: \(String(latin1: raw))")
        }
        var lines: [String] = []
        for line in raw.dropLast(4).split(separator: 10, omittingEmptySubsequences: false) {
            lines.append(String(latin1: line.last == 13 ? line.dropLast() : line))
        }
        startLine = lines[0]
        fields = try lines.dropFirst().map { line in
            guard let colon = line.unicodeScalars.firstIndex(of: ":"), colon != line.startIndex,
                !line[..<colon].contains(" ")
            else { throw HarnessError("not a field line: \(line)") }
            let value = line[line.unicodeScalars.index(after: colon)...]
            return WireField(
                name: String(line[..<colon]),
                value: value.trimmingCharacters(in: .init(charactersIn: " \t")))
        }
    }

    /// The first value of a field, whatever the case of its name.
    subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    var isChunked: Bool { self["Transfer-Encoding"]?.lowercased() == "chunked" }
    var contentLength: Int? { self["Content-Length"].flatMap { Int($0) } }
}
