import Glibc

/// The two streams.
enum Output {
    static func print(_ text: String) { write(text + "\n", to: 1) }
    static func write(_ text: String) { write(text, to: 1) }
    static func complain(_ text: String) { write("portico-bench: \(text)\n", to: 2) }
    /// A line of its own that the next one takes the place of.
    static func progress(_ text: String) { write("\r\u{1B}[K" + text, to: 2) }

    static var hasTerminal: Bool { isatty(2) == 1 }

    private static func write(_ text: String, to fd: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// A number with so many digits after the point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let number = Int(scaled)
        let sign = value < 0 && number > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(number) }
        var text = String(number)
        while text.count <= digits { text = "0" + text }
        return sign + text.dropLast(digits) + "." + text.suffix(digits)
    }

    static func padded(_ text: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? padding + text : text + padding
    }
}
