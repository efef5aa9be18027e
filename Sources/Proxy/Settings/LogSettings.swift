internal import Config
internal import Core
internal import HTTP
internal import Net

/// `access_log`, `error_log`.
struct LogSettings {
    /// `open_log_file_cache`; `nil`: each line opens its file.
    var openLogs: OpenLogSettings?
    var access = Replaceable<AccessLogTarget>()
    var errorLog: ErrorLog
    var notFound = true
    /// `log_subrequest`
    var logsSubrequests = false
    /// `rewrite_log`
    var logsRewrites = false
    /// `uninitialized_variable_warn`
    var warnsOfUnset = true

    init(errorLog: ErrorLog) {
        self.errorLog = errorLog
    }
}

/// One `access_log` line.
struct AccessLogTarget: Sendable {
    enum Place: Sendable {
        /// Index of the file among those of the configuration.
        case file(Int)
        /// A name that each request makes.
        case named(Template<Variable>)
    }
    let place: Place
    /// Index of the format.
    let format: Int
    /// Logged only if this is neither empty nor `0`.
    let condition: Template<Variable>?
}

/// A file that access logs go to: opened by each worker.
struct AccessLogFile: Equatable {
    let target: LogFile.Target
    var bufferSize = 0
    var flushMs: Int?
    var gzipLevel: Int?

    /// Lines are gathered until there are many, or time has passed.
    var isBuffered: Bool { bufferSize > 0 }
}

/// `log_format`.
struct LogFormat: Sendable {
    enum Escape: Sendable { case standard, json, none }

    let name: String
    let escape: Escape
    let template: Template<Variable>

    /// What is used where no format is named.
    static let combined =
        "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent"
        + " \"$http_referer\" \"$http_user_agent\""
}

extension LogSettings {
    static var directives: [Directive<Block>] {
        [
            Directive(
                "access_log", "Where a line for each request goes, and in what format.",
                "path [format [buffer=size] [gzip[=level]] [flush=time] [if=condition]] | off",
                default: "logs/access.log combined",
                in: [.http, .server, .location, .ifInLocation, .limitExcept], arity: 1...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try AccessLogLine.read(statement, into: block)
            }.repeatable,
            OpenLogSettings.directive,
            .flag(
                "log_subrequest", "Whether requests made here for the sake of others are logged too.",
                in: [.http, .server, .location], default: false, \.settings.logs.logsSubrequests),
            Directive(
                "log_format", "Names a format for access logs.", "name [escape=default|json|none] string ...",
                default: "combined \"...\"", in: .http, arity: 2...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try readFormat(statement, block)
            }.repeatable.at(.setting),
            Directive(
                "error_log", "Where errors are written, and from what level on.",
                "file [debug | info | notice | warn | error | crit | alert | emerg] [json]",
                default: "logs/error.log error",
                in: [.main, .http, .server, .location], arity: 1...3
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.readErrorLog(statement, block)
            }.repeatable,
        ]
    }

    private static func readFormat(_ statement: Statement, _ block: Block) throws(ConfigError) {
        var words = Array(statement.arguments)
        let name = words.removeFirst()
        guard block.builder.formatIndex(name) == nil else {
            throw ConfigError("duplicate \"log_format\" name \"\(name)\"", statement)
        }
        var escape = LogFormat.Escape.standard
        if let first = words.first, first.hasPrefix("escape=") {
            switch first.dropFirst(7) {
            case "default": escape = .standard
            case "json": escape = .json
            case "none": escape = .none
            default: throw ConfigError("unknown log format escaping \"\(first.dropFirst(7))\"", statement)
            }
            words.removeFirst()
        }
        block.builder.addFormat(name, escape, words, statement)
    }
}

extension LogFormat {
    /// Compiles the strings of a format, each by itself: a variable ends with its string.
    static func template(
        _ texts: [String], _ statement: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError) -> Template<Variable> {
        Template(
            joining: try texts.map { (text) throws(ConfigError) in
                try builder.template(ofNames: text, statement)
            })
    }
}

/// `access_log path [format [parameters]] | off`.
private struct AccessLogLine {
    private let statement: Statement
    private let block: Block
    private var format = "combined"
    private var bufferSize = 0
    private var flushMs: Int?
    private var gzipLevel: Int?
    private var condition: Template<Variable>?

    static func read(_ statement: Statement, into block: Block) throws(ConfigError) {
        let path = statement.argument(0)
        if path == "off" {
            guard statement.arguments.count == 1 else {
                throw .invalidParameter(statement.argument(1), statement)
            }
            return block.settings.logs.access.turnOff()
        }
        var line = AccessLogLine(statement, block)
        for (index, word) in statement.arguments.dropFirst().enumerated() {
            try line.read(word, isFirst: index == 0)
        }
        try line.add(path)
    }

    private init(_ statement: Statement, _ block: Block) {
        self.statement = statement
        self.block = block
    }

    private mutating func read(_ word: String, isFirst: Bool) throws(ConfigError) {
        if isFirst {
            format = word
        } else if word.hasPrefix("buffer=") {
            guard let size = Units.memory(String(word.dropFirst(7))), size > 0 else {
                throw ConfigError("invalid buffer size \"\(word.dropFirst(7))\"", statement)
            }
            bufferSize = size
        } else if word.hasPrefix("flush=") {
            guard let time = Units.milliseconds(String(word.dropFirst(6))), time > 0 else {
                throw ConfigError("invalid flush time \"\(word.dropFirst(6))\"", statement)
            }
            flushMs = time
        } else if word.hasPrefix("if=") {
            condition = try block.template(String(word.dropFirst(3)), statement)
        } else if word == "gzip" || word.hasPrefix("gzip=") {
            guard let level = word == "gzip" ? 1 : Units.number(String(word.dropFirst(5))),
                (1...9).contains(level)
            else { throw ConfigError("invalid compression level \"\(word.dropFirst(5))\"", statement) }
            gzipLevel = level
        } else {
            throw .invalidParameter(word, statement)
        }
    }

    private mutating func add(_ path: String) throws(ConfigError) {
        if gzipLevel != nil {
            guard Zlib.system != nil else {
                throw .needsZlib("the \"gzip\" parameter of \"access_log\"", statement)
            }
            if bufferSize == 0 { bufferSize = 64 << 10 }
        }
        guard flushMs == nil || bufferSize > 0 else {
            throw ConfigError("no buffer is defined for access_log \"\(path)\"", statement)
        }
        guard let formatIndex = block.builder.formatIndex(format) else {
            throw .unknownReference("unknown log format \"\(format)\"", statement)
        }
        block.settings.logs.access.append(
            AccessLogTarget(place: try place(path), format: formatIndex, condition: condition))
    }

    private func place(_ path: String) throws(ConfigError) -> AccessLogTarget.Place {
        let target: LogFile.Target
        if path.hasPrefix("syslog:") {
            guard bufferSize == 0 else { throw ConfigError("logs to syslog cannot be buffered", statement) }
            do {
                target = .syslog(
                    try SyslogTarget(String(path.dropFirst(7)), resolve: block.builder.files.resolve))
            } catch {
                throw ConfigError(error.message, statement)
            }
        } else if path.contains("$") {
            guard bufferSize == 0 else {
                throw ConfigError("buffered logs cannot have variables in name", statement)
            }
            // As in nginx, also what begins with a variable stands below the prefix.
            let name = ConfigurationBuilder.join(block.builder.prefix, path)
            return .named(try block.template(name, statement))
        } else {
            target = .file(block.path(path))
            block.builder.notePlace(of: block.path(path), statement)
        }
        let file = AccessLogFile(
            target: target, bufferSize: bufferSize, flushMs: flushMs, gzipLevel: gzipLevel)
        guard let index = block.builder.accessLogFile(file) else {
            throw ConfigError("access_log \"\(path)\" already defined with conflicting parameters", statement)
        }
        return .file(index)
    }
}
