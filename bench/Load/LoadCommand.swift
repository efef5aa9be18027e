import CLinux
import Glibc
import Net

/// `portico-bench load`
enum LoadCommand {
    /// - Returns: the exit status.
    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.contains("-h") {
            Output.print(LoadOptions.help)
            return 0
        }
        do {
            let options = try LoadOptions(words)
            let report = try measure(options)
            Output.write(report.text(options.format))
            for complaint in report.missedThresholds { Output.complain(complaint) }
            if report.answers == 0 { return 2 }
            return report.missedThresholds.isEmpty ? 0 : 1
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    /// Runs it to its end; an interrupt ends it early.
    static func measure(_ options: LoadOptions) throws -> LoadReport {
        // Blocked before anybody is started, so that none of them gets lost.
        let signals = try SignalDescriptor([.interrupt, .terminate, .child])
        defer { signals.release() }
        let run = try LoadRun(options)
        let showsProgress = Output.hasTerminal && !options.isQuiet
        var last = (answers: 0, us: LoadGenerator.nowUs())
        while !run.hasEnded {
            signals.wait(timeoutMs: 1000)
            while let signal = signals.next() { if signal.signal != .child { run.interrupt() } }
            guard showsProgress, !run.hasEnded else { continue }
            let now = (answers: run.answers, us: LoadGenerator.nowUs())
            let rate = max(0, now.answers - last.answers) * 1_000_000 / Int(max(1, now.us - last.us))
            Output.progress("\(now.answers) answers, \(rate)/s")
            last = now
        }
        if showsProgress { Output.progress("") }
        return run.report
    }
}
