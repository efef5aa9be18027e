internal import Config
internal import Net

/// `error_log`: where a block's lines go.
extension ConfigurationBuilder {
    func readErrorLog(_ statement: Statement, _ block: Block) throws(ConfigError) {
        let word = statement.argument(0)
        var level = LogLevel.error
        let form: ErrorLog.Sink.Form =
            statement.words.last == "json" && statement.words.count > 2 ? .json : .text
        if statement.arguments.count > 1, form == .text || statement.arguments.count == 3 {
            let name = statement.argument(1)
            guard let found = LogLevel(name: name.hasPrefix("debug") ? "debug" : name) else {
                throw ConfigError("invalid log level \"\(name)\"", statement)
            }
            level = found
        }
        let target: ErrorLog.Sink.Target
        if word == "stderr" {
            target = .standardError
        } else if word.hasPrefix("syslog:") {
            do {
                target = .syslog(try SyslogTarget(String(word.dropFirst(7)), resolve: files.resolve))
            } catch {
                throw ConfigError(error.message, statement)
            }
        } else if word.hasPrefix("memory:") {
            return warn(ConfigError("\"memory:\" logs are not kept", statement))
        } else {
            target = .file(path(word))
        }
        guard form == .json || statement.arguments.count < 3 else {
            throw .invalidParameter(statement.argument(2), statement)
        }
        block.errorSinks.append(ErrorLog.Sink(target, level, form))
        let log: ErrorLog
        do {
            log = try ConfigurationBuilder.open(block.errorSinks, files)
        } catch {
            throw error.located(at: statement)
        }
        errorLogs.append(log)
        block.settings.logs.errorLog = log
        if block.context == .main { errorLog = log }
    }

    static func open(
        _ sinks: [ErrorLog.Sink], _ files: ConfigurationFiles
    ) throws(ConfigError) -> ErrorLog {
        do throws(FileError) {
            return try ErrorLog(sinks) { (path) throws(FileError) in try files.openLog(path) }
        } catch {
            throw ConfigError(error.message)
        }
    }
}
