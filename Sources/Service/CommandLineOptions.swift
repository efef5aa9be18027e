/// What the command line asks for: nginx's options, letter for letter.
struct CommandLineOptions: Equatable, Sendable {
    /// A signal that `-s` sends to the running master.
    enum Order: String, Sendable {
        case stop, quit, reload, reopen
        /// No signal: what the service does is printed.
        case status
    }

    /// What to do instead of serving.
    enum Mode: Equatable, Sendable {
        case serve
        case help
        /// `-h NAME`: the help of one directive.
        case directiveHelp(String)
        case version
        /// `-V`: with what it was built.
        case versionAndBuild
        /// `-t`; with `-T` the configuration is printed as well.
        case test(prints: Bool)
        case signal(Order)
        /// `explain`: what would become of a request.
        case explain(ExplainWords)
        /// `lint`: what loads and is still likely wrong.
        case lint(LintFormat)
        /// `top`: what the service does, on the screen.
        case top
    }

    /// What to do; serving unless an option says otherwise.
    var mode = Mode.serve
    /// `-q`: only errors are said while a configuration is tested.
    var isQuiet = false
    /// `--strict`: warnings and missing password files fail the test.
    var isStrict = false
    /// `-p`.
    var prefix: String?
    /// `-c`, relative to the prefix.
    var configuration: String?
    /// `-e`.
    var errorLog: String?
    /// `-g`: directives of the main context.
    var globalDirectives: String?

    /// Reads the words behind the program's name.
    ///
    /// As nginx does: letters may be joined (`-tq`), a value may follow at once (`-cfile`) or be the
    /// next word.
    init(_ words: [String]) throws(OptionError) {
        var rest = words[...]
        if rest.first == "explain" { try readExplain(&rest) }
        if rest.first == "lint" { try readLint(&rest) }
        if rest.first == "top" {
            rest.removeFirst()
            mode = .top
        }
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else {
                throw OptionError("invalid option: \"\(word)\"")
            }
            if word == "--strict" {
                isStrict = true
            } else {
                try read(word.dropFirst(), &rest)
            }
        }
        guard !isStrict || isTest else { throw OptionError("option \"--strict\" goes with \"-t\" or \"-T\"") }
    }

    private mutating func readExplain(_ rest: inout ArraySlice<String>) throws(OptionError) {
        rest.removeFirst()
        var words = ExplainWords()
        while let word = rest.first {
            if try words.take(&rest) { continue }
            rest.removeFirst()
            try read(word.dropFirst(), &rest)
        }
        guard mode == .serve else { return }
        guard !words.url.isEmpty else {
            throw OptionError("\"explain\" wants a URL: portico explain [-c file] http://host/path")
        }
        mode = .explain(words)
    }

    private mutating func readLint(_ rest: inout ArraySlice<String>) throws(OptionError) {
        rest.removeFirst()
        var format = LintFormat.text
        while let word = rest.popFirst() {
            switch word {
            case "--json": format = .json
            case "--sarif": format = .sarif
            case "--rules": format = .rules
            case _ where word.hasPrefix("-") && word.utf8.count > 1: try read(word.dropFirst(), &rest)
            default: throw OptionError("invalid option: \"\(word)\"")
            }
        }
        if mode == .serve { mode = .lint(format) }
    }

    private var isTest: Bool { if case .test = mode { true } else { false } }

    private mutating func read(_ letters: Substring, _ rest: inout ArraySlice<String>) throws(OptionError) {
        var letters = letters
        while let letter = letters.popFirst() {
            switch letter {
            case "?", "h":
                mode = .help
                if letters.isEmpty, let name = rest.first, !name.hasPrefix("-") {
                    mode = .directiveHelp(name)
                    rest.removeFirst()
                }
            case "v": mode = .version
            case "V": mode = .versionAndBuild
            case "t": if mode != .test(prints: true) { mode = .test(prints: false) }
            case "T": mode = .test(prints: true)
            case "q": isQuiet = true
            case "p": return prefix = try value(letters, &rest, "option \"-p\" requires directory name")
            case "e": return errorLog = try value(letters, &rest, "option \"-e\" requires file name")
            case "c": return configuration = try value(letters, &rest, "option \"-c\" requires file name")
            case "g": return globalDirectives = try value(letters, &rest, "option \"-g\" requires parameter")
            case "s":
                let word = try value(letters, &rest, "option \"-s\" requires parameter")
                guard let order = Order(rawValue: word) else {
                    throw OptionError("invalid option: \"-s \(word)\"")
                }
                return mode = .signal(order)
            default: throw OptionError("invalid option: \"\(letter)\"")
            }
        }
    }

    private func value(
        _ joined: Substring, _ rest: inout ArraySlice<String>, _ complaint: String
    ) throws(OptionError) -> String {
        if !joined.isEmpty { return String(joined) }
        guard let next = rest.popFirst(), !next.isEmpty else { throw OptionError(complaint) }
        return next
    }
}

/// An option that cannot be obeyed: nginx's words.
struct OptionError: Error, Equatable {
    /// What is wrong with the command line.
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
