internal import Core

/// Cuts the bytes of one file into directives as written.
///
/// Follows nginx's `ngx_conf_read_token` byte for byte, odd cases included, because operators bring
/// files that nginx has accepted for years. Three differences, each on the safe side: a byte order mark
/// is skipped, a comment may be of any length, and words must be UTF-8 without zero bytes.
struct Lexer {
    /// What ended the words just read.
    enum Ending {
        case semicolon
        /// `{` after at least one word.
        case blockStart
        /// `}` with no words before it.
        case blockEnd
        /// Nothing but white space and comments was left.
        case fileEnd
        /// After a fault: a statement that says nothing.
        case nothing
        /// After a fault: nobody can tell where the next statement begins.
        case abandoned
    }

    /// nginx's buffer: a word of this many bytes as written no longer fits.
    private static var wordBytesMax: Int { 4096 }

    let bytes: [UInt8]
    private let file: String
    private(set) var position = 0
    /// Line of the byte at `position`, the first being 1.
    private var line = 1
    /// The words of the directive read last.
    private(set) var words: [String] = []
    private var isAbandoned = false

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Where reading stands. After `next` it is the place that nginx names for the directive: its end.
    var location: SourceLocation { SourceLocation(file: file, line: line) }

    /// Reads up to the end of a directive's words.
    mutating func next() throws(ConfigError) -> Ending {
        words = []
        while true {
            skipBlanksAndComments()
            guard position < bytes.count else {
                guard words.isEmpty else { throw unexpectedEnd }
                return isAbandoned ? .abandoned : .fileEnd
            }
            switch bytes[position] {
            case UInt8(ascii: ";"):
                try endWords(atLeastOne: true)
                return .semicolon
            case UInt8(ascii: "{"):
                try endWords(atLeastOne: true)
                return .blockStart
            case UInt8(ascii: "}"):
                try endWords(atLeastOne: false)
                return .blockEnd
            case let quote where quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"):
                try readQuoted(quote)
            default:
                try readBare()
            }
        }
    }

    /// What to take a fault for, so that reading goes on behind it.
    ///
    /// A `}` that comes too early ends its block. A quote that does not end where it should may have
    /// swallowed anything: what follows is not looked at.
    mutating func recover() -> Ending {
        words = []
        switch position < bytes.count ? bytes[position] : 0 {
        case UInt8(ascii: ";"):
            step()
            return .nothing
        case UInt8(ascii: "}"):
            step()
            return .blockEnd
        case UInt8(ascii: "{"):
            step()
            return .blockStart
        default:
            abandon()
            return .abandoned
        }
    }

    /// Reads nothing more.
    mutating func abandon() {
        position = bytes.count
        isAbandoned = true
    }

    // MARK: Between words

    private mutating func skipBlanksAndComments() {
        while position < bytes.count {
            if Lexer.isBlank(bytes[position]) {
                step()
            } else if bytes[position] == UInt8(ascii: "#") {
                while position < bytes.count, bytes[position] != .lineFeed { step() }
            } else {
                return
            }
        }
    }

    /// Consumes `;`, `{` or `}`, which the words so far must call for.
    private mutating func endWords(atLeastOne: Bool) throws(ConfigError) {
        guard words.isEmpty != atLeastOne else { throw unexpected(bytes[position]) }
        step()
    }

    // MARK: Words

    /// A word up to white space, `;` or `{`; but the `{` of `${name}` belongs to it.
    private mutating func readBare() throws(ConfigError) {
        let start = position
        let startLine = line
        var followsDollar = false
        while true {
            try requireWordByte(from: start, startLine, quote: nil)
            let byte = bytes[position]
            if byte == UInt8(ascii: "{") && followsDollar {
                step()
                continue
            }
            if Lexer.isBlank(byte) || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "{") { break }
            followsDollar = byte == UInt8(ascii: "$")
            try stepOverEscapable(from: start, startLine, quote: nil)
        }
        try keep(start..<position)
    }

    /// A word between quotes. White space, `;`, `{` or `)` must follow, or the quote ended too early.
    private mutating func readQuoted(_ quote: UInt8) throws(ConfigError) {
        let startLine = line
        step()
        let start = position
        while true {
            try requireWordByte(from: start, startLine, quote: quote)
            if bytes[position] == quote { break }
            try stepOverEscapable(from: start, startLine, quote: quote)
        }
        try keep(start..<position)
        step()
        // A file that ends here lacks its `;`, which `next` reports.
        guard position < bytes.count else { return }
        let follower = bytes[position]
        guard
            Lexer.isBlank(follower) || follower == UInt8(ascii: ";") || follower == UInt8(ascii: "{")
                || follower == UInt8(ascii: ")")
        else { throw unexpected(follower) }
    }

    /// Steps over one byte of a word, or over a backslash and the byte that it protects.
    private mutating func stepOverEscapable(
        from start: Int, _ startLine: Int, quote: UInt8?
    ) throws(ConfigError) {
        let isEscape = bytes[position] == UInt8(ascii: "\\")
        step()
        guard isEscape else { return }
        try requireWordByte(from: start, startLine, quote: quote)
        step()
    }

    /// There must be a byte at `position`, and the word begun at `start` must still fit.
    private func requireWordByte(
        from start: Int, _ startLine: Int, quote: UInt8?
    ) throws(ConfigError) {
        guard position < bytes.count else { throw unexpectedEnd }
        guard position - start >= Lexer.wordBytesMax else { return }
        let place = SourceLocation(file: file, line: startLine)
        if let quote {
            throw ConfigError(
                "too long parameter, probably missing terminating \"\(text(of: quote))\" character", at: place
            )
        }
        let begin = String(decoding: bytes[start..<start + 10], as: UTF8.self)
        throw ConfigError("too long parameter \"\(begin)...\" started", at: place)
    }

    /// Adds the word written in `range`, escapes resolved.
    private mutating func keep(_ range: Range<Int>) throws(ConfigError) {
        let word = Lexer.unescaped(bytes[range])
        guard !word.contains(0) else {
            throw ConfigError("a zero byte is not allowed in a parameter", at: location)
        }
        guard let text = String(validating: word, as: UTF8.self) else {
            throw ConfigError("the file is not UTF-8 at this line", at: location)
        }
        words.append(text)
    }

    /// `\"`, `\'`, `\\`, `\t`, `\r` and `\n` stand for one byte; any other backslash is kept, because
    /// regular expressions need it.
    private static func unescaped(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        guard raw.contains(UInt8(ascii: "\\")) else { return Array(raw) }
        var word: [UInt8] = []
        word.reserveCapacity(raw.count)
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.first, let meant = escapes(next) else {
                word.append(byte)
                continue
            }
            word.append(meant)
            rest.removeFirst()
        }
        return word
    }

    private static func escapes(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): byte
        case UInt8(ascii: "t"): .tab
        case UInt8(ascii: "r"): .carriageReturn
        case UInt8(ascii: "n"): .lineFeed
        default: nil
        }
    }

    // MARK: Bytes

    mutating func step() {
        if bytes[position] == .lineFeed { line += 1 }
        position += 1
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == .space || byte == .tab || byte == .carriageReturn || byte == .lineFeed
    }

    // MARK: Errors

    private var unexpectedEnd: ConfigError {
        let isCommandLine = file == SourceLocation.commandLine
        return ConfigError(
            isCommandLine
                ? "unexpected end of parameter, expecting \";\""
                : "unexpected end of file, expecting \";\" or \"}\"",
            at: location)
    }

    private func unexpected(_ byte: UInt8) -> ConfigError {
        let error = ConfigError("unexpected \"\(text(of: byte))\"", at: location)
        guard byte == UInt8(ascii: "}"), let name = words.first else { return error }
        return error.advised("\"\(name)\" lacks its \";\"")
    }

    private func text(of byte: UInt8) -> String { String(decoding: CollectionOfOne(byte), as: UTF8.self) }
}
