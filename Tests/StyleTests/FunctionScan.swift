import Foundation

/// Finds functions and how long they are, by their braces.
enum FunctionScan {
    struct Function {
        let name: String
        /// 1-based.
        let line: Int
        let lineCount: Int
        let parameterCount: Int
    }

    static func functions(in file: SourceFile) -> [Function] {
        let text = Array(file.code.joined(separator: "\n").utf8)
        var found: [Function] = []
        var line = 1
        var index = 0
        while index < text.count {
            if text[index] == 10 { line += 1 }
            if let name = name(at: index, in: text), let end = end(of: index, in: text) {
                let count = text[index...end].count { $0 == 10 } + 1
                found.append(
                    Function(
                        name: name, line: line, lineCount: count,
                        parameterCount: parameterCount(from: index, in: text)))
            }
            index += 1
        }
        return found
    }

    private static func name(at index: Int, in text: [UInt8]) -> String? {
        if index > 0, isWord(text[index - 1]) || text[index - 1] == UInt8(ascii: ".") { return nil }
        for keyword in ["func ", "init(", "init?(", "init<", "deinit ", "subscript("]
        where text[index...].starts(with: keyword.utf8) {
            let rest = text[index...].prefix { $0 != UInt8(ascii: "{") && $0 != 10 }
            return String(decoding: rest, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    /// The index of the closing brace; nil for a declaration without a body.
    private static func end(of start: Int, in text: [UInt8]) -> Int? {
        var depth = 0
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]") { depth -= 1 }
            if depth == 0, byte == UInt8(ascii: "{") { break }
            if depth < 0 || (depth == 0 && byte == UInt8(ascii: "}")) { return nil }
            if index > start, depth == 0, name(at: index, in: text) != nil { return nil }
            index += 1
        }
        var braces = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "{") { braces += 1 }
            if text[index] == UInt8(ascii: "}") { braces -= 1 }
            if braces == 0 { return index }
            index += 1
        }
        return nil
    }

    /// Parameters between the first parentheses from `start` on; each has a colon outside of all others.
    private static func parameterCount(from start: Int, in text: [UInt8]) -> Int {
        guard
            let open = text[start...].firstIndex(where: { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: "{") }
            ),
            text[open] == UInt8(ascii: "(")
        else { return 0 }
        var depth = 0
        var count = 0
        for byte in text[open...] {
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return count }
            case UInt8(ascii: ":") where depth == 1: count += 1
            default: break
            }
        }
        return count
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
}
