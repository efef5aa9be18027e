internal import Core

/// `METHOD target HTTP/1.x`. RFC 9112 §3; where that leaves freedom, as nginx does.
extension HTTP1RequestParser {
    /// The bytes that nginx takes for a method's: capital letters, `_` and `-`.
    static func isMethodByte(_ byte: UInt8) -> Bool {
        byte &- 0x41 < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// Parses the line `start ..< lineFeed`.
    static func parseRequestLine(
        _ bytes: Span<UInt8>, from start: Int, to lineFeed: Int, into head: RequestHead
    ) throws(HeadError) {
        var end = lineFeed
        if end > start, bytes[end - 1] == .carriageReturn { end -= 1 }
        head.line = Slice(from: start, to: end)
        let text = bytes.extracting(0..<end)
        var cursor = start
        try parseMethod(text, &cursor, head)
        try parseTarget(text, &cursor, head)
        head.version = try parseVersion(text, cursor)
        head.hasLine = true
    }

    private static func parseMethod(
        _ bytes: Span<UInt8>, _ cursor: inout Int, _ head: RequestHead
    ) throws(HeadError) {
        let start = cursor
        if bytes.count - start > 4, HTTP1RequestParser.isGet(bytes, at: start) {
            head.methodText = Slice(from: start, to: start + 3)
            head.method = .get
            cursor = start + 4
            while cursor < bytes.count, bytes[cursor] == .space { cursor += 1 }
            return
        }
        while cursor < bytes.count, bytes[cursor] != .space {
            guard HTTP1RequestParser.isMethodByte(bytes[cursor]) else { throw .badMethod }
            cursor += 1
        }
        guard cursor > start, cursor < bytes.count else { throw .badMethod }
        head.setMethod(Slice(from: start, to: cursor), bytes)
        while cursor < bytes.count, bytes[cursor] == .space { cursor += 1 }
    }

    /// `GET `, which nearly everybody says, as one number.
    private static func isGet(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        bytes.extracting(start..<(start + 4)).bytes.unsafeLoadUnaligned(as: UInt32.self)
            == UInt32(littleEndian: 0x2054_4547)
    }

    // MARK: The target

    private static func parseTarget(
        _ bytes: Span<UInt8>, _ cursor: inout Int, _ head: RequestHead
    ) throws(HeadError) {
        let start = cursor
        // Visible, and no beginning of a fragment, which is never sent (RFC 9110 §7.1).
        cursor = ByteScan.endOfTarget(in: bytes, from: start)
        guard cursor == bytes.count || bytes[cursor] == .space else { throw .badTarget }
        guard cursor > start else { throw .badRequestLine }
        head.target = Slice(from: start, to: cursor)
        if bytes[start] == UInt8(ascii: "/") {
            head.splitPath(bytes, from: start, to: cursor)
        } else if head.method == .connect {
            head.authority = head.target
        } else if head.method == .options, head.target.count == 1, bytes[start] == UInt8(ascii: "*") {
            // The asterisk-form, of OPTIONS only: RFC 9112 §3.2.4.
            head.splitPath(bytes, from: start, to: cursor)
        } else {
            try parseAbsolute(bytes, from: start, to: cursor, head)
        }
    }

    /// `http://host/path`: RFC 9112 §3.2.2.
    private static func parseAbsolute(
        _ bytes: Span<UInt8>, from start: Int, to end: Int, _ head: RequestHead
    ) throws(HeadError) {
        var cursor = start
        while cursor < end, bytes[cursor].isASCIIAlpha || (cursor > start && isSchemeByte(bytes[cursor])) {
            cursor += 1
        }
        guard cursor > start, cursor + 2 < end, bytes[cursor] == UInt8(ascii: ":"),
            bytes[cursor + 1] == UInt8(ascii: "/"), bytes[cursor + 2] == UInt8(ascii: "/")
        else { throw .badTarget }
        head.scheme = Slice(from: start, to: cursor)
        let slash = cursor + 1
        let hostStart = cursor + 3
        cursor = hostStart
        while cursor < end, bytes[cursor] != UInt8(ascii: "/"), bytes[cursor] != UInt8(ascii: "?") {
            cursor += 1
        }
        guard HostName.isValid(bytes.extracting(hostStart..<cursor)) else { throw .badTarget }
        head.authority = Slice(from: hostStart, to: cursor)
        head.splitPath(bytes, from: cursor, to: end)
        guard head.path.isEmpty else { return }
        // As nginx: one of the scheme's slashes stands for the path that is missing.
        head.path = Slice(from: slash, to: slash + 1)
        if !head.hasQuery { head.originForm = head.path }
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }

    // MARK: The version

    private static func parseVersion(_ bytes: Span<UInt8>, _ start: Int) throws(HeadError) -> HTTPVersion {
        var cursor = start
        while cursor < bytes.count, bytes[cursor] == .space { cursor += 1 }
        if bytes.count - cursor == 8, ByteScan.word(in: bytes, at: cursor) == HTTP1RequestParser.version11 {
            return .http11
        }
        // Without a version it would be HTTP/0.9, which nobody speaks in earnest.
        let name: StaticString = "HTTP/"
        guard bytes.count - cursor > 5, equalsIgnoringCase(bytes.extracting(cursor..<(cursor + 5)), name)
        else {
            throw .badRequestLine
        }
        for index in cursor..<(cursor + 4) where bytes[index] >= UInt8(ascii: "a") { throw .badRequestLine }
        cursor += 5
        try parseMajor(bytes, &cursor)
        let minor = try parseMinor(bytes, &cursor)
        while cursor < bytes.count, bytes[cursor] == .space { cursor += 1 }
        guard cursor == bytes.count else { throw .badVersion }
        // Nobody knows what a later minor version would mean.
        guard minor <= 1 else { throw .badVersion }
        return minor == 1 ? .http11 : .http10
    }

    /// `HTTP/1.1`, which nearly everybody says, as one number.
    static var version11: UInt64 { 0x312E_312F_5054_5448 }

    /// `1.`; a higher major version is refused for what it is, whatever follows.
    private static func parseMajor(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(HeadError) {
        let first = bytes[cursor]
        guard first.isASCIIDigit, first != UInt8(ascii: "0") else { throw .badVersion }
        guard first == UInt8(ascii: "1") else { throw .unsupportedVersion }
        cursor += 1
        guard cursor < bytes.count else { throw .badVersion }
        if bytes[cursor].isASCIIDigit { throw .unsupportedVersion }
        guard bytes[cursor] == UInt8(ascii: ".") else { throw .badVersion }
        cursor += 1
    }

    private static func parseMinor(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(HeadError) -> Int {
        let start = cursor
        var minor = 0
        while cursor < bytes.count, bytes[cursor].isASCIIDigit {
            guard minor <= 99 else { throw .badVersion }
            minor = minor * 10 + Int(bytes[cursor] &- 0x30)
            cursor += 1
        }
        guard cursor > start else { throw .badVersion }
        return minor
    }
}
