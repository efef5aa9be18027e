/// `portico top`: what is on the screen, and what keys do to it. It does no input and no output.
struct TopScreen {
    /// What the program is to do after a key.
    enum Action: Equatable {
        case none
        /// Ask for the text anew.
        case refresh
        case quit
        /// A server is to be drained, or its drain to end.
        case drain(upstream: String, server: String, begins: Bool)
    }

    /// What keys are taken for.
    private enum Mode {
        case keys
        case filter(String)
        case drain(String, begins: Bool)
    }

    static let orders = ["trouble", "rate", "requests", "errors", "fails", "slow", "name"]

    private var mode = Mode.keys
    private var order = 0
    private(set) var filter = ""
    /// Lines above the screen.
    private var offset = 0
    /// What came of the last thing that was done.
    var message = ""
    /// The text that is shown.
    var lines: [String] = []

    /// The query that the text is asked for with.
    var query: String {
        var query = "?sort=\(TopScreen.orders[order])"
        if !filter.isEmpty { query += "&q=\(ControlConnection.encoded(filter))" }
        return query
    }

    /// Takes a key.
    mutating func press(_ key: UInt8, height: Int) -> Action {
        switch mode {
        case .keys: return obey(key, height: height)
        case .filter(var text):
            guard let isDone = TopScreen.edit(&text, key) else {
                mode = .keys
                return .none
            }
            mode = isDone ? .keys : .filter(text)
            guard isDone else { return .none }
            filter = text
            offset = 0
            return .refresh
        case .drain(var text, let begins):
            guard let isDone = TopScreen.edit(&text, key) else {
                mode = .keys
                return .none
            }
            mode = isDone ? .keys : .drain(text, begins: begins)
            guard isDone else { return .none }
            let words = text.split(separator: " ").map(String.init)
            guard words.count == 2 else {
                message = "an upstream and a server are wanted, as in: shop 10.0.0.1:80"
                return .none
            }
            return .drain(upstream: words[0], server: words[1], begins: begins)
        }
    }

    private mutating func obey(_ key: UInt8, height: Int) -> Action {
        message = ""
        let page = max(1, height - 2)
        switch key {
        // ^C comes as a key.
        case UInt8(ascii: "q"), 3: return .quit
        case UInt8(ascii: "s"):
            order = (order + 1) % TopScreen.orders.count
            return .refresh
        case UInt8(ascii: "/"): mode = .filter(filter)
        case UInt8(ascii: "d"): mode = .drain("", begins: true)
        case UInt8(ascii: "u"): mode = .drain("", begins: false)
        case UInt8(ascii: " "): offset = offset + page < lines.count ? offset + page : 0
        case UInt8(ascii: "b"): offset = max(0, offset - page)
        case UInt8(ascii: "r"): return .refresh
        default: break
        }
        return .none
    }

    /// - Returns: whether the text is complete; `nil`: it is given up.
    private static func edit(_ text: inout String, _ key: UInt8) -> Bool? {
        switch key {
        case 3, 27: return nil
        case 10, 13: return true
        case 8, 127: if !text.isEmpty { text.removeLast() }
        case 0x20..<0x7F: if text.utf8.count < 100 { text.unicodeScalars.append(Unicode.Scalar(key)) }
        default: break
        }
        return false
    }

    private var keys: String {
        let found = filter.isEmpty ? "" : ": \(filter)"
        return "q quit  s sort: \(TopScreen.orders[order])  / filter\(found)  d drain  u undrain  space page"
    }

    /// What the terminal shows, and how it is cleared.
    func drawing(lines height: Int, columns: Int) -> String {
        var text = "\u{1B}[H"
        for line in lines.dropFirst(offset).prefix(max(0, height - 1)) {
            text += String(line.prefix(columns)) + "\u{1B}[K\r\n"
        }
        let last =
            switch mode {
            case .filter(let typed): "filter: \(typed)_"
            case .drain(let typed, let begins):
                "\(begins ? "drain" : "end the drain of"): upstream server: \(typed)_"
            case .keys: message.isEmpty ? keys : message
            }
        text += "\u{1B}[J\u{1B}[\(height);1H\u{1B}[7m"
        text += String(last.prefix(columns)) + "\u{1B}[K\u{1B}[0m"
        return text
    }
}
