internal import Core

/// Blocks of OpenResty's `…_by_lua_block`, whose insides are not nginx's language: they are passed over, so
/// that the directive can be named.
extension Lexer {
    /// Goes on behind the `}` that ends the block whose `{` was read last.
    ///
    /// Braces in strings, long brackets and comments do not count (Lua 5.1 §2.1).
    mutating func skipLua() throws(ConfigError) {
        let begin = location
        var depth = 1
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): skipLuaString()
            case UInt8(ascii: "-") where peek(1) == byte: skipLuaComment()
            case UInt8(ascii: "[") where skipLongBracket(): break
            case UInt8(ascii: "}"):
                step()
                depth -= 1
                if depth == 0 { return }
            default:
                step()
                if byte == UInt8(ascii: "{") { depth += 1 }
            }
        }
        throw ConfigError("the block of Lua has no closing \"}\"", at: begin)
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        let index = position + distance
        return index < bytes.count ? bytes[index] : nil
    }

    private mutating func step(by count: Int) {
        for _ in 0..<count where position < bytes.count { step() }
    }

    /// To behind the closing quote, or to the end of a line that lacks it.
    private mutating func skipLuaString() {
        let quote = peek()
        step()
        while let byte = peek(), byte != .lineFeed {
            step(by: byte == UInt8(ascii: "\\") ? 2 : 1)
            if byte == quote { return }
        }
    }

    private mutating func skipLuaComment() {
        step(by: 2)
        if skipLongBracket() { return }
        while let byte = peek(), byte != .lineFeed { step() }
    }

    /// `[[ … ]]`, `[=[ … ]=]`.
    ///
    /// - Returns: whether one begins here; then reading goes on behind it.
    private mutating func skipLongBracket() -> Bool {
        guard peek() == UInt8(ascii: "[") else { return false }
        var level = 0
        while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
        guard peek(1 + level) == UInt8(ascii: "[") else { return false }
        step(by: 2 + level)
        while let byte = peek() {
            let isEnd = byte == UInt8(ascii: "]") && closesLongBracket(level)
            step(by: isEnd ? 2 + level : 1)
            if isEnd { break }
        }
        return true
    }

    private func closesLongBracket(_ level: Int) -> Bool {
        peek(1 + level) == UInt8(ascii: "]") && (0..<level).allSatisfy { peek(1 + $0) == UInt8(ascii: "=") }
    }
}
