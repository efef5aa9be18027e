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

    private let files: any SourceFiles
    private let directory: String

    /// - Parameter directory: the folder of the main file, where relative `include` paths begin.
    public init(files: any SourceFiles, directory: String) {
        self.files = files
        self.directory = directory
    }

    /// The statements of the file at `path`.
    public func parse(path: String) throws(ConfigError) -> [Statement] {
        let bytes = try files.read(path)
        var progress = Progress()
        return try statements(of: bytes, called: path, &progress)
    }

    /// The statements of a text that is called `name` in errors.
    ///
    /// A text called `SourceLocation.commandLine` is the argument of `-g`: it may hold no blocks.
    public func parse(text: String, name: String) throws(ConfigError) -> [Statement] {
        var progress = Progress()
        return try statements(of: Array(text.utf8), called: name, &progress)
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
            case .fileEnd: return found
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
            case .fileEnd: return found
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

        /// The number of the statement that begins now.
        mutating func nextOrder() -> Int {
            defer { statementCount += 1 }
            return statementCount
        }
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
            let ending = try lexer.next()
            let place = lexer.location
            switch ending {
            case .fileEnd:
                guard !isBlock else {
                    throw ConfigError("unexpected end of file, expecting \"}\"", at: place)
                }
                return found
            case .blockEnd:
                guard isBlock else { throw ConfigError("unexpected \"}\"", at: place) }
                return found
            case .semicolon where lexer.words.first == "include":
                let include = Statement(words: lexer.words, block: nil, location: place)
                found += try included(by: include, &progress)
            case .semicolon:
                found.append(
                    Statement(words: lexer.words, block: nil, location: place, order: progress.nextOrder()))
            case .blockStart:
                found.append(try block(&lexer, &progress))
            }
        }
    }

    /// The directive whose words and `{` the lexer has just read, with what stands in its block.
    private func block(
        _ lexer: inout Lexer, _ progress: inout Progress
    ) throws(ConfigError) -> Statement {
        let words = lexer.words
        let place = lexer.location
        guard words.first != "include" else {
            throw ConfigError("directive \"include\" is not terminated by \";\"", at: place)
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
            try lexer.skipLua()
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
        guard include.arguments.count == 1 else { throw .invalidArgumentCount(include) }
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
            throw ConfigError("file \"\(path)\" includes itself", include)
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
            throw error.located(at: include)
        }
        return try statements(of: bytes, called: path, &progress)
    }

    private func absolute(_ path: String) -> String {
        if path.utf8.first == UInt8(ascii: "/") || directory.isEmpty { return path }
        return directory.utf8.last == UInt8(ascii: "/") ? directory + path : directory + "/" + path
    }
}
