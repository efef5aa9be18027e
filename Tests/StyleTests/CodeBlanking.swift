/// Makes comments and string literals blank, so that rules look at code only. Line ends stay.
///
/// Interpolations are blanked with their literal: the rules lose little by it.
struct CodeBlanking {
    private var bytes: [UInt8]
    private var index = 0

    static func blank(_ bytes: [UInt8]) -> [UInt8] {
        var blanking = CodeBlanking(bytes: bytes)
        blanking.run()
        return blanking.bytes
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func run() {
        while index < bytes.count {
            if starts("//") {
                while index < bytes.count, bytes[index] != 10 { blankOne() }
            } else if starts("/*") {
                while index < bytes.count, !starts("*/") { blankOne() }
                blankOne(2)
            } else if let hashes = literalStart() {
                literal(hashes)
            } else {
                index += 1
            }
        }
    }

    /// The number of `#` before a quote that begins here; nil when no literal begins here.
    private func literalStart() -> Int? {
        var end = index
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - index : nil
    }

    private mutating func literal(_ hashes: Int) {
        blankOne(hashes)
        let isLong = starts("\"\"\"")
        let end = (isLong ? "\"\"\"" : "\"") + String(repeating: "#", count: hashes)
        let escape = "\\" + String(repeating: "#", count: hashes)
        blankOne(isLong ? 3 : 1)
        while index < bytes.count, !starts(end) {
            if !isLong, bytes[index] == 10 { return }
            if starts(escape + "(") {
                blankOne(escape.utf8.count)
                interpolation()
            } else if starts(escape) {
                blankOne(escape.utf8.count + 1)
            } else {
                blankOne()
            }
        }
        blankOne(end.utf8.count)
    }

    private mutating func interpolation() {
        var depth = 0
        repeat {
            if let hashes = literalStart() {
                literal(hashes)
                continue
            }
            if index < bytes.count, bytes[index] == UInt8(ascii: "(") { depth += 1 }
            if index < bytes.count, bytes[index] == UInt8(ascii: ")") { depth -= 1 }
            blankOne()
        } while depth > 0 && index < bytes.count
    }

    private func starts(_ text: String) -> Bool {
        bytes[index...].starts(with: text.utf8)
    }

    private mutating func blankOne(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] != 10 { bytes[index] = 32 }
            index += 1
        }
    }
}
