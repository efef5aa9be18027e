internal import Core

/// How values are made safe for a log line: `log_format … escape=`.
///
/// `standard`: `"`, `\`, control characters and everything beyond 7-bit ASCII as `\xXX`, missing
/// values as `-`.
/// `json`: as in a JSON string; `none`: not at all; missing values as nothing.
extension LogFormat.Escape {
    /// Appends what stands for a value that does not exist.
    func appendMissing(to out: ByteBuffer) {
        if case .standard = self { out.append(UInt8(ascii: "-")) }
    }

    /// Appends `value`, escaped.
    func append(_ value: Span<UInt8>, to out: ByteBuffer) {
        var plainStart = 0
        for index in value.indices where needsEscape(value[index]) {
            out.append(value.extracting(plainStart..<index))
            plainStart = index + 1
            appendEscaped(value[index], to: out)
        }
        out.append(value.extracting(plainStart..<value.count))
    }

    /// Whether the bytes of `line` from `start` on can stay as they are: true of most values.
    func isClean(_ line: ByteBuffer, from start: Int) -> Bool {
        if case .none = self { return true }
        return line.withBytes(of: Slice(from: start, to: line.count)) { bytes in
            for index in bytes.indices where needsEscape(bytes[index]) { return false }
            return true
        }
    }

    /// Escapes the bytes of `line` from `start` on, in place.
    func escapeTail(of line: ByteBuffer, from start: Int, using scratch: ByteBuffer) {
        let tail = Slice(from: start, to: line.count)
        scratch.removeAll()
        scratch.append(tail, of: line)
        line.truncate(to: start)
        scratch.withReadable { append($0, to: line) }
        scratch.removeAll()
    }

    private func needsEscape(_ byte: UInt8) -> Bool {
        switch self {
        case .standard: byte < 0x20 || byte > 0x7E || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        case .json: byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        case .none: false
        }
    }

    private func appendEscaped(_ byte: UInt8, to out: ByteBuffer) {
        guard case .json = self else {
            out.append("\\x")
            return appendHex(byte, to: out)
        }
        switch byte {
        case UInt8(ascii: "\""): out.append("\\\"")
        case UInt8(ascii: "\\"): out.append("\\\\")
        case 0x0A: out.append("\\n")
        case 0x0D: out.append("\\r")
        case 0x09: out.append("\\t")
        case 0x08: out.append("\\b")
        case 0x0C: out.append("\\f")
        default:
            out.append("\\u00")
            appendHex(byte, to: out)
        }
    }

    private func appendHex(_ byte: UInt8, to out: ByteBuffer) {
        out.append(UInt8.hexDigit(byte >> 4, uppercase: true))
        out.append(UInt8.hexDigit(byte & 0x0F, uppercase: true))
    }
}
