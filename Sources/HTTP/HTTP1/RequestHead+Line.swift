internal import Core

/// `METHOD target HTTP/1.x`. RFC 9112 §3; where that leaves freedom, as nginx does.
extension RequestHead {
    /// The bytes that nginx takes for a method's: capital letters, `_` and `-`.
    static func isMethodByte(_ byte: UInt8) -> Bool {
        byte &- 0x41 < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// Parses the line `start ..< lineFeed`.
    func parseRequestLine(_ bytes: Span<UInt8>, from start: Int, to lineFeed: Int) throws(HeadError) {
        var end = lineFeed
        if end > start, bytes[end - 1] == .carriageReturn { end -= 1 }
        line = Slice(from: start, to: end)
        let text = bytes.extracting(0..<end)
        var cursor = start
        try parseMethod(text, &cursor)
        try parseTarget(text, &cursor)
        try parseVersion(text, cursor)
    }

    private func parseMethod(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(HeadError) {
        let start = cursor
        while cursor < bytes.count, bytes[cursor] != .space {
            guard RequestHead.isMethodByte(bytes[cursor]) else { throw .badMethod }
            cursor += 1
        }
        guard cursor > start, cursor < bytes.count else { throw .badMethod }
        methodText = Slice(from: start, to: cursor)
        method = Method.recognise(bytes.extracting(methodText.range))
        while cursor < bytes.count, bytes[cursor] == .space { cursor += 1 }
    }

    // MARK: The target

    private func parseTarget(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(HeadError) {
        let start = cursor
        while cursor < bytes.count, bytes[cursor] != .space {
            let byte = bytes[cursor]
            guard byte > .space, byte != 0x7F, byte != UInt8(ascii: "#") else { throw .badTarget }
            cursor += 1
        }
        guard cursor > start else { throw .badRequestLine }
        target = Slice(from: start, to: cursor)
        if bytes[start] == UInt8(ascii: "/") {
            splitPath(bytes, from: start, to: cursor)
        } else if method == .connect {
            authority = target
        } else if method == .options, target.count == 1, bytes[start] == UInt8(ascii: "*") {
            // The asterisk-form, of OPTIONS only: RFC 9112 §3.2.4.
            splitPath(bytes, from: start, to: cursor)
        } else {
            try parseAbsolute(bytes, from: start, to: cursor)
        }
    }

    /// `http://host/path`: RFC 9112 §3.2.2.
    private func parseAbsolute(_ bytes: Span<UInt8>, from start: Int, to end: Int) throws(HeadError) {
        var cursor = start
        while cursor < end, bytes[cursor].isASCIIAlpha || (cursor > start && isSchemeByte(bytes[cursor])) {
            cursor += 1
        }
        guard cursor > start, cursor + 2 < end, bytes[cursor] == UInt8(ascii: ":"),
            bytes[cursor + 1] == UInt8(ascii: "/"), bytes[cursor + 2] == UInt8(ascii: "/")
        else { throw .badTarget }
        scheme = Slice(from: start, to: cursor)
        let slash = cursor + 1
        let hostStart = cursor + 3
        cursor = hostStart
        while cursor < end, bytes[cursor] != UInt8(ascii: "/"), bytes[cursor] != UInt8(ascii: "?") {
            cursor += 1
        }
        guard HostName.isValid(bytes.extracting(hostStart..<cursor)) else { throw .badTarget }
        authority = Slice(from: hostStart, to: cursor)
        splitPath(bytes, from: cursor, to: end)
        guard path.isEmpty else { return }
        // As nginx: one of the scheme's slashes stands for the path that is missing.
        path = Slice(from: slash, to: slash + 1)
        if !hasQuery { originForm = path }
    }

    private func isSchemeByte(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }

    private func splitPath(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
        var cursor = start
        var isComplex = false
        var previous: UInt8 = 0
        while cursor < end {
            let byte = bytes[cursor]
            if byte == UInt8(ascii: "?") { break }
            if byte == UInt8(ascii: "%") { isComplex = true }
            if previous == UInt8(ascii: "/"), byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") {
                isComplex = true
            }
            previous = byte
            cursor += 1
        }
        originForm = Slice(from: start, to: end)
        path = Slice(from: start, to: cursor)
        pathNeedsNormalising = isComplex
        hasQuery = cursor < end
        query = cursor + 1 < end ? Slice(from: cursor + 1, to: end) : nil
    }

    // MARK: The version

    private func parseVersion(_ bytes: Span<UInt8>, _ start: Int) throws(HeadError) {
        var cursor = start
        while cursor < bytes.count, bytes[cursor] == .space { cursor += 1 }
        if bytes.count - cursor == 8, ByteScan.word(in: bytes, at: cursor) == RequestHead.version11 {
            minorVersion = 1
            return
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
        minorVersion = UInt8(minor)
    }

    /// `HTTP/1.1`, which nearly everybody says, as one number.
    private static var version11: UInt64 { 0x312E_312F_5054_5448 }

    /// `1.`; a higher major version is refused for what it is, whatever follows.
    private func parseMajor(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(HeadError) {
        let first = bytes[cursor]
        guard first.isASCIIDigit, first != UInt8(ascii: "0") else { throw .badVersion }
        guard first == UInt8(ascii: "1") else { throw .unsupportedVersion }
        cursor += 1
        guard cursor < bytes.count else { throw .badVersion }
        if bytes[cursor].isASCIIDigit { throw .unsupportedVersion }
        guard bytes[cursor] == UInt8(ascii: ".") else { throw .badVersion }
        cursor += 1
    }

    private func parseMinor(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(HeadError) -> Int {
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
