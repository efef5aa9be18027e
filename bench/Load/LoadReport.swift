import Net

/// What a run came to, as text, JSON and CSV.
struct LoadReport {
    private let options: LoadOptions
    private var counts = [Int](repeating: 0, count: LoadTally.Count.allCases.count)
    let uncorrected: LatencySummary
    let corrected: LatencySummary
    let seconds: Double
    /// The busiest generator's part of a core, and the part of the time it waited for one.
    private let busiest: Double
    private let waiting: Double

    init(_ options: LoadOptions, _ tallies: [LoadTally]) {
        self.options = options
        var uncorrected = LatencySummary()
        var corrected = LatencySummary()
        var seconds = 0.0
        var busiest = 0.0
        var waiting = 0.0
        for tally in tallies {
            for count in LoadTally.Count.allCases { counts[count.rawValue] += tally[count] }
            tally.uncorrected.add(to: &uncorrected)
            tally.corrected.add(to: &corrected)
            let own = max(Double(tally[.endedUs] - tally[.beganUs]), 1)
            seconds = max(seconds, own / 1_000_000)
            busiest = max(busiest, Double(tally[.cpuUs]) / own)
            waiting = max(waiting, Double(tally[.waitedUs]) / own)
        }
        self.uncorrected = uncorrected
        self.corrected = corrected
        self.seconds = seconds
        self.busiest = busiest
        self.waiting = waiting
    }

    subscript(count: LoadTally.Count) -> Int { counts[count.rawValue] }

    var answers: Int { self[.answers] }
    var rate: Double { seconds > 0 ? Double(answers) / seconds : 0 }
    /// What a client of this load would have seen.
    var latency: LatencySummary { options.rate == nil ? uncorrected : corrected }
    /// Requests without an answer.
    var socketErrors: Int {
        self[.connectErrors] + self[.readErrors] + self[.writeErrors] + self[.timeouts] + self[.badAnswers]
            + self[.unanswered]
    }
    /// Those, and answers with 500 or more.
    var errors: Int { socketErrors + self[.class5] }
    var cpuUsEach: Double { answers > 0 ? Double(self[.cpuUs]) / Double(answers) : 0 }

    /// Of an open loop: answers came more slowly than requests were due.
    var isSaturated: Bool {
        guard let rate = options.rate, options.requests == nil else { return false }
        return self.rate < rate * 0.98
    }

    /// What keeps the numbers from being the server's.
    var warnings: [String] {
        var list: [String] = []
        if busiest > 0.9 {
            list.append(
                "a generating process used \(Output.decimal(busiest * 100, 0)) % of a core: it, and not the server,"
                    + " may be the limit (--threads)")
        }
        if waiting > 0.2 {
            list.append(
                "a generating process waited for a core for \(Output.decimal(waiting * 100, 0)) % of the time:"
                    + " latencies are longer than the server's")
        }
        if let rate = options.rate, isSaturated {
            list.append(
                "\(Output.decimal(self.rate, 0)) answers a second, and not the \(Output.decimal(rate, 0)) asked for"
            )
        }
        return list
    }

    var missedThresholds: [String] {
        var list: [String] = []
        for (name, part, limit) in [
            ("p50", 0.5, options.maxP50Us), ("p99", 0.99, options.maxP99Us),
            ("p99.9", 0.999, options.maxP999Us),
        ] {
            guard let limit, case let found = latency.percentile(part), found > limit else { continue }
            list.append("\(name) is \(LoadReport.time(found)), above \(LoadReport.time(limit))")
        }
        if let limit = options.maxErrors, errors > limit { list.append("\(errors) errors, above \(limit)") }
        if let limit = options.minRate, rate < limit {
            list.append("\(Output.decimal(rate, 1)) answers a second, below \(Output.decimal(limit, 1))")
        }
        return list
    }

    func text(_ format: LoadOptions.Format) -> String {
        switch format {
        case .text: text
        case .json: json + "\n"
        case .csv: csv
        }
    }

    // MARK: Text

    static func time(_ us: Int64) -> String {
        switch us {
        case ..<1000: "\(us) us"
        case ..<1_000_000: "\(Output.decimal(Double(us) / 1000, 2)) ms"
        default: "\(Output.decimal(Double(us) / 1_000_000, 2)) s"
        }
    }

    private static var parts: [(name: String, part: Double)] {
        [("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)]
    }

    private var text: String {
        var lines: [String] = []
        let loop = options.rate.map { "open loop at \(Output.decimal($0, 0))/s" } ?? "closed loop"
        let streams = options.speaksHTTP2 ? " of HTTP/2 with \(options.streams) streams each" : ""
        lines.append(
            "\(options.scheme)://\(options.host):\(options.port), \(options.connections) connections\(streams),"
                + " \(loop)")
        lines.append(
            "\(answers) answers in \(Output.decimal(seconds, 2)) s, \(Output.decimal(rate, 1))/s,"
                + " \(Output.decimal(Double(self[.bytes]) / seconds / 1_000_000, 2)) MB/s")
        lines.append(
            "status 1xx \(self[.class1])  2xx \(self[.class2])  3xx \(self[.class3])  4xx \(self[.class4])"
                + "  5xx \(self[.class5])")
        lines.append(
            "errors connect \(self[.connectErrors])  read \(self[.readErrors])  write \(self[.writeErrors])"
                + "  timeout \(self[.timeouts])  not HTTP \(self[.badAnswers])  unanswered \(self[.unanswered])"
        )
        if self[.handshakes] > 0 {
            lines.append("handshakes \(self[.handshakes]), resumed \(self[.resumed])")
        }
        lines.append("generator \(Output.decimal(cpuUsEach, 2)) us of CPU an answer")
        lines.append("")
        lines += table
        lines.append("")
        lines += chart
        lines += warnings.map { "warning: \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private var table: [String] {
        let isOpen = options.rate != nil
        var lines = [isOpen ? "latency     from when due   from when sent" : "latency"]
        func line(_ name: String, _ due: Int64, _ sent: Int64) {
            var text = Output.padded(name, 10) + Output.padded(LoadReport.time(isOpen ? due : sent), -14)
            if isOpen { text += Output.padded(LoadReport.time(sent), -17) }
            lines.append(text)
        }
        for (name, part) in LoadReport.parts {
            line(name, corrected.percentile(part), uncorrected.percentile(part))
        }
        line("max", corrected.maxUs, uncorrected.maxUs)
        line("mean", Int64(corrected.meanUs), Int64(uncorrected.meanUs))
        return lines
    }

    /// How many answers took how long, each line twice as long as the one before.
    private var chart: [String] {
        let latency = latency
        guard latency.total > 0 else { return [] }
        var rows: [(us: Int64, count: Int)] = []
        for (bucket, count) in latency.counts.enumerated() where count > 0 {
            let upper = LatencyRecord.upperBound(bucket)
            var limit: Int64 = 16
            while limit < upper { limit *= 2 }
            if rows.last?.us == limit {
                rows[rows.count - 1].count += count
            } else {
                rows.append((limit, count))
            }
        }
        let top = rows.map(\.count).max() ?? 1
        return rows.map { row in
            let bar = String(repeating: "#", count: (row.count * 50 + top - 1) / top)
            let share = Output.decimal(Double(row.count) * 100 / Double(latency.total), 2)
            return "  <= " + Output.padded(LoadReport.time(row.us), -10) + Output.padded(share, -8) + " % "
                + bar
        }
    }

    // MARK: JSON and CSV

    private var fields: [(name: String, value: String)] {
        var list: [(String, String)] = [
            ("connections", "\(options.connections)"), ("streams", "\(options.streams)"),
            ("threads", "\(options.threads)"),
            ("target_rate", Output.decimal(options.rate ?? 0, 1)), ("seconds", Output.decimal(seconds, 3)),
            ("answers", "\(answers)"), ("rate", Output.decimal(rate, 1)), ("bytes", "\(self[.bytes])"),
            ("status_1xx", "\(self[.class1])"), ("status_2xx", "\(self[.class2])"),
            ("status_3xx", "\(self[.class3])"), ("status_4xx", "\(self[.class4])"),
            ("status_5xx", "\(self[.class5])"), ("connect_errors", "\(self[.connectErrors])"),
            ("read_errors", "\(self[.readErrors])"), ("write_errors", "\(self[.writeErrors])"),
            ("timeouts", "\(self[.timeouts])"), ("bad_answers", "\(self[.badAnswers])"),
            ("unanswered", "\(self[.unanswered])"),
            ("handshakes", "\(self[.handshakes])"), ("resumed", "\(self[.resumed])"),
            ("generator_cpu_us_each", Output.decimal(cpuUsEach, 3)),
            ("generator_busiest", Output.decimal(busiest, 3)),
            ("generator_waiting", Output.decimal(waiting, 3)),
        ]
        for (prefix, summary) in [("", latency), ("uncorrected_", uncorrected)] {
            for (name, part) in LoadReport.parts {
                list.append(("\(prefix)\(name.replacing(".", with: "_"))_us", "\(summary.percentile(part))"))
            }
            list.append(("\(prefix)max_us", "\(summary.maxUs)"))
            list.append(("\(prefix)mean_us", Output.decimal(summary.meanUs, 1)))
        }
        return list
    }

    /// A number of the JSON report by its name, and `errors`; `nil`: there is none of that name.
    func number(named name: String) -> Double? {
        if name == "errors" { return Double(errors) }
        return fields.first { $0.name == name }.flatMap { Double($0.value) }
    }

    private var json: String {
        let texts = [("warnings", warnings), ("missed", missedThresholds)].map { name, list in
            "  \"\(name)\": [" + list.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
        return "{\n" + (fields.map { "  \"\($0.name)\": \($0.value)" } + texts).joined(separator: ",\n")
            + "\n}"
    }

    private var csv: String {
        fields.map(\.name).joined(separator: ",") + "\n" + fields.map(\.value).joined(separator: ",") + "\n"
    }
}
