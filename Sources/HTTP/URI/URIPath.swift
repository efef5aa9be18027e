public import Core

/// Paths of requests: normalised as nginx does, and escaped again for the next hop.
public enum URIPath {
    /// Decodes percent-escapes, resolves `.` and `..`, and merges slashes when asked.
    ///
    /// - Returns: `false` if the path cannot be: a broken escape, `%00`, `..` above the root.
    @_effects(releasenone)
    public static func normalise(_ path: Span<UInt8>, mergeSlashes: Bool, into output: ByteBuffer) -> Bool {
        let base = output.count
        var position = 0
        while position < path.count {
            var byte = path[position]
            position += 1
            if byte == UInt8(ascii: "%") {
                guard position + 1 < path.count, let high = path[position].hexDigitValue,
                    let low = path[position + 1].hexDigitValue
                else { return false }
                byte = high << 4 | low
                position += 2
                guard byte != 0 else { return false }
                // Decoded bytes are judged like plain ones, but for `?` and `#`, which stay path.
            }
            if byte == UInt8(ascii: "/") {
                guard closeSegment(output, base) else { return false }
                if mergeSlashes, output.count > base, output[output.count - 1] == byte { continue }
            }
            output.append(byte)
        }
        return closeSegment(output, base, isLast: true)
    }

    /// Resolves the segment that ends here, if it is `.` or `..`.
    private static func closeSegment(_ output: ByteBuffer, _ base: Int, isLast: Bool = false) -> Bool {
        let count = output.count - base
        guard count >= 2, output[output.count - 1] == UInt8(ascii: ".") else { return true }
        if output[output.count - 2] == UInt8(ascii: "/") {
            // "/." : the slash that follows, or the end, takes the place of the one before.
            output.truncate(to: output.count - (isLast ? 1 : 2))
            return true
        }
        guard count >= 3, output[output.count - 2] == UInt8(ascii: "."),
            output[output.count - 3] == UInt8(ascii: "/")
        else { return true }
        // "/.." : back to the slash before the last segment.
        guard count > 3 else { return false }
        var end = output.count - 4
        while end > base, output[end] != UInt8(ascii: "/") { end -= 1 }
        output.truncate(to: isLast ? end + 1 : end)
        return true
    }

    /// Which bytes are escaped, and how: nginx's tables.
    public enum EscapeSet: Sendable {
        /// A path that is passed on: controls, space, 8-bit bytes and ``" # % < > ? \ ^ ` { | }``.
        case uri
        /// An argument: the same and `& + ;`.
        case args
        /// All but unreserved characters: RFC 3986 §2.3.
        case uriComponent
        /// Text of a page: `& < > "` as entities.
        case html
        /// A URL that stands in a page for a browser to go to: what is escaped already stays.
        case refresh
    }

    /// Appends `bytes`, what `set` names as `%XX` (or as an entity).
    @_effects(releasenone)
    public static func escape(_ bytes: Span<UInt8>, as set: EscapeSet, into output: ByteBuffer) {
        for index in bytes.indices {
            let byte = bytes[index]
            if !needsEscape(byte, set) {
                output.append(byte)
            } else if case .html = set {
                output.append(entity(byte))
            } else {
                appendEscape(of: byte, to: output)
            }
        }
    }

    private static func entity(_ byte: UInt8) -> StaticString {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        default: "&amp;"
        }
    }

    private static func needsEscape(_ byte: UInt8, _ set: EscapeSet) -> Bool {
        switch set {
        case .uri: return isUnsafe(byte)
        case .args:
            return isUnsafe(byte) || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: ";")
        case .uriComponent:
            if byte.isASCIIAlpha || byte.isASCIIDigit { return false }
            return byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "_")
                && byte != UInt8(ascii: "~")
        case .html:
            return byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
                || byte == UInt8(ascii: "\"")
        case .refresh:
            if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "~") { return true }
            return isUnsafe(byte) && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "#")
                && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "}")
        }
    }

    private static func isUnsafe(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F...0xFF, UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "%"),
            UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: "?"), UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "`"),
            UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            true
        default: false
        }
    }

    /// Appends `bytes`, spaces and control characters as `%XX`: in a request line they would end the target,
    /// or the line.
    public static func escapeControls(_ bytes: Span<UInt8>, into output: ByteBuffer) {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte > .space && byte != 0x7F {
                output.append(byte)
            } else {
                appendEscape(of: byte, to: output)
            }
        }
    }

    private static func appendEscape(of byte: UInt8, to output: ByteBuffer) {
        output.append("%")
        output.append(UInt8.hexDigit(byte >> 4, uppercase: true))
        output.append(UInt8.hexDigit(byte & 15, uppercase: true))
    }

    /// Appends `bytes` with `%XX` decoded; a broken escape stays as it is.
    public static func unescape(_ bytes: Span<UInt8>, into output: ByteBuffer) {
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = bytes[index + 1].hexDigitValue,
                let low = bytes[index + 2].hexDigitValue
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
    }
}
