internal import Config
internal import Core

/// `charset_map`: how texts in one charset become texts in another, either way.
struct CharsetMaps {
    private var recodings: [String: CharsetRecoding] = [:]

    /// Where none has been defined, nothing is to be looked for.
    var isEmpty: Bool { recodings.isEmpty }

    private static func key(_ source: Span<UInt8>, _ target: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        for index in source.indices { bytes.append(source[index].asciiLowercased) }
        bytes.append(0)
        for index in target.indices { bytes.append(target[index].asciiLowercased) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What makes texts in the one charset such in the other; `nil`: no map is between them.
    subscript(source: Span<UInt8>, target: Span<UInt8>) -> CharsetRecoding? {
        recodings.isEmpty ? nil : recodings[CharsetMaps.key(source, target)]
    }

    /// Takes a `charset_map` block in.
    mutating func add(_ statement: Statement) throws(ConfigError) {
        let (source, target) = (Array(statement.argument(0).utf8), Array(statement.argument(1).utf8))
        let quoted = "\"\(statement.argument(0))\" and \"\(statement.argument(1))\""
        let key = CharsetMaps.key(source.span, target.span)
        let reverse = CharsetMaps.key(target.span, source.span)
        guard key != reverse else {
            throw ConfigError("\"charset_map\" between the same charsets \(quoted)", statement)
        }
        guard recodings[key] == nil else {
            throw ConfigError("duplicate \"charset_map\" between \(quoted)", statement)
        }
        let lines = try (statement.block ?? []).map { (line) throws(ConfigError) in
            try CharsetMaps.pair(line, isToUTF8: CharsetMaps.isUTF8(statement.argument(1)))
        }
        if CharsetMaps.isUTF8(statement.argument(1)) {
            recodings[key] = .toUTF8(lines)
            recodings[reverse] = .fromUTF8(lines)
        } else {
            recodings[key] = .bytes(lines.map { ($0.byte, $0.text.first ?? 0) })
            recodings[reverse] = .bytes(lines.map { ($0.text.first ?? 0, $0.byte) })
        }
    }

    private static func isUTF8(_ name: String) -> Bool { name.lowercased() == "utf-8" }

    /// A line of a block: two codes in hexadecimal.
    private static func pair(
        _ line: Statement, isToUTF8: Bool
    ) throws(ConfigError) -> (byte: UInt8, text: [UInt8]) {
        guard line.words.count == 2, line.block == nil else {
            throw ConfigError("invalid parameters number", line)
        }
        guard let byte = UInt8(line.words[0], radix: 16) else {
            throw ConfigError("invalid value \"\(line.words[0])\"", line)
        }
        let word = Array(line.words[1].utf8)
        let text: [UInt8]? =
            if isToUTF8 {
                bytes(word)
            } else {
                UInt8(line.words[1], radix: 16).map { [$0] }
            }
        guard let text else { throw ConfigError("invalid value \"\(line.words[1])\"", line) }
        return (byte, text)
    }

    /// A character of UTF-8 beyond ASCII, of two or three bytes, each two digits.
    private static func bytes(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.count == 4 || digits.count == 6 else { return nil }
        let pairs = stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        }
        let bytes = pairs.compactMap { $0 }
        guard bytes.count == pairs.count, case .character(_, let length) = UTF8Character(bytes.span, 0),
            length == bytes.count
        else { return nil }
        return bytes
    }
}
