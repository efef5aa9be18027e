import Glibc
import Net

/// A story under way: its processes and loads by their names.
final class StoryRun {
    private final class Part {
        let port: UInt16
        let start: () throws -> ServerProcess
        var process: ServerProcess
        let board: GatewayBoard?
        /// Where the configuration is that `reload` reads.
        let configuration: String?

        init(
            port: UInt16, board: GatewayBoard?, configuration: String?,
            start: @escaping () throws -> ServerProcess
        ) throws {
            self.port = port
            self.board = board
            self.configuration = configuration
            self.start = start
            process = try start()
        }
    }

    private let story: Story
    private let portico: String
    private let folder: String
    private let numbers: SharedMemory
    private var parts: [String: Part] = [:]
    private var loads: [String: LoadRun] = [:]
    private let beganUs = LoadGenerator.nowUs()

    init(_ story: Story, portico: String) throws {
        self.story = story
        self.portico = portico
        folder = try ScratchFolder.make()
        numbers = try GatewayBoard.makeNumbers()
    }

    /// - Returns: how many assertions do not hold.
    func run() throws -> Int {
        defer {
            loads = [:]
            // A paused process does not hear that it is to end.
            for part in parts.values { _ = kill(part.process.pid, SIGCONT) }
            parts = [:]
            ScratchFolder.remove(folder)
        }
        Output.print("\(story.name): \(story.title)")
        var missed = 0
        for step in story.steps {
            do {
                let verdict = try take(step.action)
                if verdict?.holds == false { missed += 1 }
                tell(step, verdict)
            } catch let complaint as LoadOptions.Complaint {
                throw LoadOptions.Complaint(text: "\(story.name):\(step.line): \(complaint.text)")
            }
        }
        Output.print(missed == 0 ? "all of it holds" : "\(missed) assertions do not hold")
        return missed
    }

    private struct Verdict {
        let holds: Bool
        let found: Double
    }

    private func tell(_ step: StoryStep, _ verdict: Verdict?) {
        let seconds = Double(LoadGenerator.nowUs() - beganUs) / 1_000_000
        let time = Output.padded(Output.decimal(seconds, 2), -8)
        guard let verdict else { return Output.print("\(time)  \(step.text)") }
        let found =
            verdict.found.rounded() == verdict.found
            ? Output.decimal(verdict.found, 0) : Output.decimal(verdict.found, 2)
        Output.print("\(time)  \(verdict.holds ? "holds " : "MISSED") \(step.text)   (it is \(found))")
    }

    /// - Returns: of an assertion: what came of it.
    private func take(_ action: StoryStep.Action) throws -> Verdict? {
        switch action {
        case .gateway(let name, let words): try startGateway(name, words)
        case .start(let name, let program, let file): try startServer(name, program, file)
        case .load(let name, let words): try startLoad(name, words)
        case .sleep(let us): usleep(UInt32(clamping: us))
        case .await(let name): try load(name).wait()
        case .kill(let name): try end(name, SIGKILL)
        case .stop(let name): try part(name).process.stop()
        case .pause(let name): try signal(name, SIGSTOP)
        case .resume(let name): try signal(name, SIGCONT)
        case .restart(let name): try restart(name)
        case .reload(let name, let file): try reload(name, file)
        case .slow(let name, let us): try board(name).delayMs = Int(us / 1000)
        case .fail(let name, let percent): try board(name).errorPercent = percent
        case .assert(let name, let metric, let comparison, let value):
            let found = try number(name, metric)
            return Verdict(holds: StoryStep.holds(found, comparison, value), found: found)
        }
        return nil
    }

    // MARK: Names

    private func part(_ name: String) throws -> Part {
        guard let part = parts[name] else {
            throw LoadOptions.Complaint(text: "no process is called \"\(name)\"")
        }
        return part
    }

    private func load(_ name: String) throws -> LoadRun {
        guard let load = loads[name] else {
            throw LoadOptions.Complaint(text: "no load is called \"\(name)\"")
        }
        return load
    }

    private func board(_ name: String) throws -> GatewayBoard {
        guard let board = try part(name).board else {
            throw LoadOptions.Complaint(text: "\"\(name)\" is no gateway")
        }
        return board
    }

    private func claim(_ name: String) throws {
        guard parts[name] == nil, loads[name] == nil, !["port", "folder", "all"].contains(name) else {
            throw LoadOptions.Complaint(text: "\"\(name)\" is taken")
        }
    }

    /// Puts addresses in the place of names in braces.
    private func filled(_ text: String) -> String {
        parts.reduce(text) { $0.replacing("{\($1.key)}", with: "127.0.0.1:\($1.value.port)") }
    }

    // MARK: Beginnings

    private func startGateway(_ name: String, _ words: [String]) throws {
        try claim(name)
        let port = try ServerProcess.freePort()
        let options = try GatewayCommand.parse(words, port: port)
        let board = try GatewayBoard(numbers: numbers)
        let log = "\(folder)/\(name).log"
        parts[name] = try Part(port: port, board: board, configuration: nil) {
            try ServerProcess(name: name, log: log) {
                let gateway = try? CannedGateway(options, board)
                gateway?.run()
            }
        }
        guard ServerProcess.await(port: port) else { throw complaint("\(name) does not start", name) }
    }

    private func startServer(_ name: String, _ program: String, _ file: String) throws {
        try claim(name)
        let path = program == "portico" ? portico : "/usr/sbin/\(program)"
        guard access(path, X_OK) == 0 else { throw LoadOptions.Complaint(text: "\"\(path)\" cannot be run") }
        let port = try ServerProcess.freePort()
        let configuration = "\(folder)/\(name).conf"
        try configure(name, port, file, configuration)
        let words = [path, "-p", folder, "-c", configuration, "-g", "daemon off;"]
        let log = "\(folder)/\(name).log"
        parts[name] = try Part(port: port, board: nil, configuration: configuration) {
            try ServerProcess(words, name: name, log: log)
        }
        guard ServerProcess.await(port: port) else { throw complaint("\(name) does not start", name) }
    }

    private func configure(_ name: String, _ port: UInt16, _ file: String, _ path: String) throws {
        guard let template = ProcessTimes.read("\(story.folder)/\(file)") else {
            throw LoadOptions.Complaint(text: "\"\(story.folder)/\(file)\" cannot be read")
        }
        let text = template.replacing("{port}", with: "\(port)").replacing("{folder}", with: folder)
            .replacing("{name}", with: name)
        try ScratchFolder.write(filled(text), to: path)
    }

    private func startLoad(_ name: String, _ words: [String]) throws {
        try claim(name)
        // Only one load's requests can be told from each other.
        let isFirst = loads.isEmpty
        loads[name] = try LoadRun(try LoadOptions(words.map(filled) + ["-q"] + (isFirst ? ["--number"] : [])))
    }

    private func complaint(_ text: String, _ name: String) -> LoadOptions.Complaint {
        let log = ProcessTimes.read("\(folder)/\(name).log") ?? ""
        return LoadOptions.Complaint(text: "\(text)\n\(log.suffix(2000))")
    }

    // MARK: What goes wrong

    /// A server's workers as well as its master.
    private func signal(_ name: String, _ number: Int32) throws {
        let pid = try part(name).process.pid
        for pid in ProcessTimes.children(of: pid) + [pid] { _ = kill(pid, number) }
    }

    private func end(_ name: String, _ number: Int32) throws {
        try signal(name, number)
        try part(name).process.stop()
    }

    private func restart(_ name: String) throws {
        let part = try part(name)
        guard part.process.hasEnded else { throw LoadOptions.Complaint(text: "\(name) still runs") }
        part.process = try part.start()
        guard ServerProcess.await(port: part.port) else {
            throw complaint("\(name) does not start again", name)
        }
    }

    private func reload(_ name: String, _ file: String?) throws {
        let part = try part(name)
        guard let configuration = part.configuration else {
            throw LoadOptions.Complaint(text: "\"\(name)\" has no configuration")
        }
        if let file { try configure(name, part.port, file, configuration) }
        _ = kill(part.process.pid, SIGHUP)
    }

    // MARK: Assertions

    private func number(_ name: String, _ metric: String) throws -> Double {
        if name == "all", metric == "duplicates" {
            guard let duplicates = GatewayBoard.duplicates(numbers) else {
                throw LoadOptions.Complaint(
                    text: "more than \(GatewayBoard.numbersMax) requests cannot be told apart")
            }
            return Double(duplicates)
        }
        if let board = parts[name]?.board, metric == "requests" { return Double(board.requests) }
        let load = try load(name)
        // What is not over yet can be asserted of nothing.
        guard load.hasEnded else {
            throw LoadOptions.Complaint(text: "\(name) has not ended; wait for it first")
        }
        guard let number = load.report.number(named: metric) else {
            throw LoadOptions.Complaint(text: "a load has no \"\(metric)\"")
        }
        return number
    }
}
