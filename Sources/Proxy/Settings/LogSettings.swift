internal import Config
internal import Core
internal import HTTP
internal import Net

/// `access_log`, `error_log`.
struct LogSettings {
    var access = Replaceable<AccessLogTarget>()
    var errorLog: ErrorLog
    var notFound = true
    /// `log_subrequest`
    var logsSubrequests = false

    init(errorLog: ErrorLog) {
        self.errorLog = errorLog
    }
}

/// One `access_log` line.
struct AccessLogTarget: Sendable {
    /// Index of the file among those of the configuration.
    let file: Int
    /// Index of the format.
    let format: Int
    /// Logged only if this is neither empty nor `0`.
    let condition: Template<Variable>?
}

/// A file that access logs go to: opened by each worker.
struct AccessLogFile: Equatable {
    let target: LogFile.Target
    let bufferSize: Int
    let flushMs: Int?
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
                "path [format [buffer=size] [flush=time] [if=condition]] | off",
                default: "logs/access.log combined",
                in: [.http, .server, .location, .ifInLocation, .limitExcept], arity: 1...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try AccessLogLine.read(statement, into: block)
            }.repeatable,
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
                "file [debug | info | notice | warn | error | crit | alert | emerg]",
                default: "logs/error.log error",
                in: [.main, .http, .server, .location], arity: 1...2
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
        let text = words.joined()
        block.builder.addFormat(name, escape, text, statement)
    }
}

/// `access_log path [format [parameters]] | off`.
private enum AccessLogLine {
    static func read(_ statement: Statement, into block: Block) throws(ConfigError) {
        let path = statement.argument(0)
        if path == "off" {
            guard statement.arguments.count == 1 else {
                throw ConfigError("invalid parameter \"\(statement.argument(1))\"", statement)
            }
            return block.settings.logs.access.clear()
        }
        let target: LogFile.Target
        if path.hasPrefix("syslog:") {
            do {
                target = .syslog(
                    try SyslogTarget(String(path.dropFirst(7)), resolve: block.builder.files.resolve))
            } catch {
                throw ConfigError(error.message, statement)
            }
        } else {
            guard !path.contains("$") else {
                throw .unsupported(
                    "a variable in the path of \"access_log\"",
                    advice: "write one log with the variable in its format", statement)
            }
            target = .file(block.path(path))
        }
        var format = "combined"
        var bufferSize = 0
        var flushMs: Int?
        var condition: Template<Variable>?
        for (index, word) in statement.arguments.dropFirst().enumerated() {
            if word.hasPrefix("buffer=") {
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
            } else if word.hasPrefix("gzip") {
                block.builder.warn(
                    ConfigError(
                        "\"gzip\" of access logs is not supported: lines are written plain", statement))
            } else if index == 0 {
                format = word
            } else {
                throw ConfigError("invalid parameter \"\(word)\"", statement)
            }
        }
        guard flushMs == nil || bufferSize > 0 else {
            throw ConfigError("no buffer is defined for access_log \"\(path)\"", statement)
        }
        guard let formatIndex = block.builder.formatIndex(format) else {
            throw ConfigError("unknown log format \"\(format)\"", statement)
        }
        let file = block.builder.accessLogFile(
            AccessLogFile(target: target, bufferSize: bufferSize, flushMs: flushMs))
        block.settings.logs.access.append(
            AccessLogTarget(file: file, format: formatIndex, condition: condition))
    }
}
