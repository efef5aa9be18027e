/// Reads files of nginx's configuration language into statements, `include` resolved.
///
/// Knows the language, not the directives: names and contexts are checked by `DirectiveTable`.
public struct ConfigParser {
    /// Deepest nesting of blocks.
    public static var blockDepthMax: Int { 64 }
    /// Longest chain of files that include each other.
    public static var includeDepthMax: Int { 32 }
    /// Most files that one configuration may be made of: a mask in an included file multiplies.
    public static var filesMax: Int { 10_000 }
    /// Faults of the text that are told; behind them nothing is read.
    public static var faultsMax: Int { 1000 }

    private let files: any SourceFiles
    private let directory: String

    /// - Parameter directory: the folder of the main file, where relative `include` paths begin.
    public init(files: any SourceFiles, directory: String) {
        self.files = files
        self.directory = directory
    }

    /// What the file at `path` and those that it includes say, as far as they can be read.
    ///
    /// - Throws: if that file itself is not there, or there are too many of the others.
    public func read(path: String) throws(ConfigError) -> Reading {
        try read(files.read(path), called: path)
    }

    /// The statements of a text that is called `name` in errors.
    ///
    /// A text called `SourceLocation.commandLine` is the argument of `-g`: it may hold no blocks.
    public func parse(text: String, name: String) throws(ConfigError) -> [Statement] {
        try read(text: text, name: name).checked()
    }

    /// What a text says, as far as it can be read.
    public func read(text: String, name: String) throws(ConfigError) -> Reading {
        try read(Array(text.utf8), called: name)
    }

    /// What was read, and what of it could not be.
    public struct Reading {
        /// Whatever could be read.
        public let statements: [Statement]
        /// Files that are missing, and what is no statement: what they would have said is not known.
        public let faults: [ConfigError]

        /// A text that has no faults.
        public init(_ statements: [Statement], faults: [ConfigError] = []) {
            self.statements = statements
            self.faults = faults
        }

        /// The statements, if nothing is missing.
        public func checked() throws(ConfigError) -> [Statement] {
            if let error = ConfigError.together(faults) { throw error }
            return statements
        }
    }

    /// The statements of bytes that are no part of the configuration's own text: `include` is a name like
    /// any other in them, and no other file is read.
    ///
    /// - Parameter name: what the bytes are called in errors.
    public static func parse(closed bytes: [UInt8], name: String) throws(ConfigError) -> [Statement] {
        var lexer = Lexer(bytes, file: name)
        var found: [Statement] = []
        while true {
            let ending = try lexer.next()
            let place = lexer.location
            switch ending {
            case .fileEnd, .abandoned: return found
            case .nothing: continue
            case .blockEnd: throw ConfigError("unexpected \"}\"", at: place)
            case .blockStart: throw ConfigError("unexpected \"{\"", at: place)
            case .semicolon:
                found.append(Statement(words: lexer.words, block: nil, location: place, order: found.count))
            }
        }
    }

    /// The words of the last statement of this name at the outermost level of bytes that may be wrong
    /// elsewhere, as far as they can be read; no other file is.
    public static func lastStatement(named name: String, in bytes: [UInt8]) -> [String]? {
        var lexer = Lexer(bytes, file: "")
        var depth = 0
        var found: [String]?
        while let ending = try? lexer.next() {
            switch ending {
            case .fileEnd, .abandoned: return found
            case .nothing: continue
            case .blockStart: depth += 1
            case .blockEnd: depth -= 1
            case .semicolon: if depth == 0, lexer.words.first == name { found = lexer.words }
            }
        }
        return found
    }

    /// What is counted over a whole parse.
    private struct Progress {
        /// The files being read, the innermost last.
        var chain: [String] = []
        var fileCount = 0
        var blockDepth = 0
        var statementCount = 0
        var faults: [ConfigError] = []

        mutating func fail(_ message: String, at place: SourceLocation?) {
            fail(ConfigError(message, at: place))
        }

        mutating func fail(_ error: ConfigError) {
            faults.append(error.ordered(nextOrder()))
        }

        /// Nobody reads more of them, and what goes on like this is no configuration.
        var isHopeless: Bool { faults.count >= ConfigParser.faultsMax }

        /// The number of the statement that begins now.
        mutating func nextOrder() -> Int {
            defer { statementCount += 1 }
            return statementCount
        }
    }

    private func read(_ bytes: [UInt8], called name: String) throws(ConfigError) -> Reading {
        var progress = Progress()
        let found = try statements(of: bytes, called: name, &progress)
        return Reading(found, faults: progress.faults)
    }

    private func statements(
        of bytes: [UInt8], called name: String, _ progress: inout Progress
    ) throws(ConfigError) -> [Statement] {
        var lexer = Lexer(bytes, file: name)
        progress.chain.append(name)
        let found = try statements(&lexer, isBlock: false, &progress)
        progress.chain.removeLast()
        return found
    }

    /// The statements up to the `}` that ends a block, or to the end of the file.
    private func statements(
        _ lexer: inout Lexer, isBlock: Bool, _ progress: inout Progress
    ) throws(ConfigError) -> [Statement] {
        var found: [Statement] = []
        while true {
            if progress.isHopeless { lexer.abandon() }
            let ending = next(&lexer, &progress)
            let place = lexer.location
            switch ending {
            case .nothing: continue
            case .abandoned: return found
            case .fileEnd:
                if isBlock {
                    progress.fail("unexpected end of file, expecting \"}\"", at: place)
                    // The blocks around this one lack theirs for the same reason.
                    lexer.abandon()
                }
                return found
            case .blockEnd:
                if isBlock { return found }
                progress.fail("unexpected \"}\"", at: place)
            case .semicolon where lexer.words.first == "include":
                let include = Statement(
                    words: lexer.words, block: nil, location: place, order: progress.nextOrder())
                found += try included(by: include, &progress)
            case .semicolon:
                found.append(
                    Statement(words: lexer.words, block: nil, location: place, order: progress.nextOrder()))
            case .blockStart:
                let made = try block(&lexer, &progress)
                if !made.words.isEmpty, made.name != "include" { found.append(made) }
            }
        }
    }

    /// What comes next; behind a fault the reading goes on where the next statement can be told.
    private func next(_ lexer: inout Lexer, _ progress: inout Progress) -> Lexer.Ending {
        do throws(ConfigError) {
            return try lexer.next()
        } catch {
            progress.fail(error)
            return lexer.recover()
        }
    }

    /// The directive whose words and `{` the lexer has just read, with what stands in its block.
    private func block(
        _ lexer: inout Lexer, _ progress: inout Progress
    ) throws(ConfigError) -> Statement {
        let words = lexer.words
        let place = lexer.location
        if words.first == "include" {
            progress.fail("directive \"include\" is not terminated by \";\"", at: place)
        }
        guard place.file != SourceLocation.commandLine else {
            throw ConfigError("block directives are not supported in -g option", at: place)
        }
        let depthMax = ConfigParser.blockDepthMax
        guard progress.blockDepth < depthMax else {
            throw ConfigError("blocks are nested more than \(depthMax) deep", at: place)
        }
        let order = progress.nextOrder()
        if words.first?.hasSuffix("_by_lua_block") == true {
            do throws(ConfigError) {
                try lexer.skipLua()
            } catch {
                progress.fail(error)
                lexer.abandon()
            }
            return Statement(words: words, block: [], location: place, order: order)
        }
        progress.blockDepth += 1
        let inside = try statements(&lexer, isBlock: true, &progress)
        progress.blockDepth -= 1
        return Statement(words: words, block: inside, location: place, order: order)
    }

    // MARK: include

    /// What the files named by `include file | mask` hold. A mask may match nothing; a file must exist.
    private func included(
        by include: Statement, _ progress: inout Progress
    ) throws(ConfigError) -> [Statement] {
        guard include.arguments.count == 1 else {
            progress.fail(.invalidArgumentCount(include))
            return []
        }
        let path = absolute(include.argument(0))
        let isMask = path.utf8.contains {
            $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[")
        }
        var found: [Statement] = []
        for file in isMask ? files.glob(path) : [path] {
            found += try contents(of: file, include, &progress)
        }
        return found
    }

    private func contents(
        of path: String, _ include: Statement, _ progress: inout Progress
    ) throws(ConfigError) -> [Statement] {
        guard !progress.chain.contains(path) else {
            progress.fail(ConfigError("file \"\(path)\" includes itself", include))
            return []
        }
        let depthMax = ConfigParser.includeDepthMax
        guard progress.chain.count <= depthMax else {
            throw ConfigError("files include each other more than \(depthMax) deep", include)
        }
        progress.fileCount += 1
        guard progress.fileCount <= ConfigParser.filesMax else {
            throw ConfigError("more than \(ConfigParser.filesMax) files are included", include)
        }
        let bytes: [UInt8]
        do throws(ConfigError) {
            bytes = try files.read(path)
        } catch {
            progress.fail(error.located(at: include))
            return []
        }
        return try statements(of: bytes, called: path, &progress)
    }

    private func absolute(_ path: String) -> String {
        if path.utf8.first == UInt8(ascii: "/") || directory.isEmpty { return path }
        return directory.utf8.last == UInt8(ascii: "/") ? directory + path : directory + "/" + path
    }
}
