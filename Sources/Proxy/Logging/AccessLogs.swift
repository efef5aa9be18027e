internal import Config
internal import Core
internal import Net

/// A worker's access logs: lines are gathered in each log's own buffer.
final class AccessLogs {
    /// One a file of the configuration, opened by the master.
    private let files: [LogFile]
    private let configuration: Configuration
    private let clock: Clock
    /// Lines were lost: of which log the last ones were, and why.
    private(set) var loss: (target: LogFile.Target, errno: Errno)?

    /// - Parameter former: the logs until now: lines that wait in one which stays go before new ones.
    init(_ configuration: Configuration, _ clock: Clock, former: AccessLogs?) {
        self.configuration = configuration
        self.clock = clock
        files = configuration.accessLogs.map { file in
            guard let kept = former?.files.first(where: { $0.isLike(file) }) else { return file }
            kept.takeOver(file)
            return kept
        }
        configuration.use(files)
    }

    /// How long the loop may sleep before gathered lines are due; `nil`: there are none.
    var flushIntervalMs: Int? {
        var first: Int64?
        for file in files {
            if let deadline = file.deadlineMs { first = min(first ?? deadline, deadline) }
        }
        return first.map { Int(max(0, $0 - clock.nowMs)) }
    }

    /// Writes a line to each of `targets` whose condition holds.
    fileprivate func write(_ exchange: Exchange, to targets: [AccessLogTarget]) {
        for target in targets {
            if let condition = target.condition, !condition.isYes(for: exchange) { continue }
            guard case .file(let index) = target.place else {
                write(exchange, target)
                continue
            }
            guard files.indices.contains(index) else { continue }
            let file = files[index]
            configuration.logFormats[target.format].append(for: exchange, to: file.buffer)
            file.buffer.append(UInt8.lineFeed)
            note(file.lineDone(nowMs: clock.nowMs), of: file)
        }
    }

    /// Writes a line to a file whose name the request makes.
    private func write(_ exchange: Exchange, _ target: AccessLogTarget) {
        guard case .named(let path) = target.place else { return }
        let line = exchange.worker.takeScratch()
        configuration.logFormats[target.format].append(for: exchange, to: line)
        line.append(UInt8.lineFeed)
        configuration.namedLogs.write(line, to: path, for: exchange)
        exchange.worker.giveScratch(line)
    }

    /// Writes what is due; with `force`, everything.
    func flush(nowMs: Int64, force: Bool) {
        for file in files { note(file.flush(nowMs: nowMs, force: force), of: file) }
    }

    private func note(_ errno: Errno?, of file: LogFile) {
        if let errno { loss = (file.target, errno) }
    }

    /// Somebody is told that lines were lost.
    func takeLoss() -> (target: LogFile.Target, errno: Errno)? { loss.take() }
}

extension Exchange {
    /// Writes the lines that the location in force asks for.
    func writeAccessLogs() {
        let targets = location.settings.logs.access.elements
        if !targets.isEmpty { snapshot.logs.write(self, to: targets) }
    }
}
