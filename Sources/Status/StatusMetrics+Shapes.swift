internal import Core
internal import Net
internal import Sharing

/// Lines of the metrics, and families of lines that several things have.
extension StatusMetrics {
    enum Kind: String { case counter, gauge, histogram }

    /// Things that the same is counted of.
    struct Rows {
        let count: Int
        /// `zone="a"`, as `text` makes it.
        let labels: (Int) -> String
        let sum: (Int) -> TallySum

        init(count: Int, labels: @escaping (Int) -> String, sum: @escaping (Int) -> TallySum) {
            self.count = count
            self.labels = labels
            self.sum = sum
        }

        init(_ zones: [StatusReport.Zone]) {
            count = zones.count
            labels = { StatusMetrics.text([("zone", zones[$0].name)]) }
            sum = { zones[$0].sum }
        }
    }

    // MARK: Lines

    /// In OpenMetrics a counter's family has no `_total` in its name; its lines have.
    func begin(_ name: String, _ kind: Kind, _ help: String) {
        var name = name
        if case .openMetrics = form, case .counter = kind, name.hasSuffix("_total") { name.removeLast(6) }
        out.append("# HELP portico_\(name) \(help)\n# TYPE portico_\(name) \(kind.rawValue)\n")
    }

    func line(_ name: String, _ labels: String, _ value: Int) { line(name, labels, "", value) }

    /// - Parameter more: further labels; with a comma in front, as `labels` may be none.
    func line(_ name: String, _ labels: String, _ more: String, _ value: Int) {
        write(name, labels, more)
        out.append(decimal: value)
        out.append("\n")
    }

    func write(_ name: String, _ labels: String, _ more: String) {
        out.append("portico_")
        out.append(name)
        if !labels.isEmpty || !more.isEmpty {
            out.append("{")
            out.append(labels)
            out.append(labels.isEmpty ? String(more.dropFirst()) : more)
            out.append("}")
        }
        out.append(" ")
    }

    func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        begin(name, kind, help)
        line(name, "", value)
    }

    /// Labels and their values, without the braces.
    static func text(_ labels: [(String, String)]) -> String {
        labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(Wording.isPrintable(scalar) ? scalar : "?")
            }
        }
        return result
    }

    // MARK: Families

    func counts(_ name: String, _ help: String, _ rows: Rows, _ value: @escaping (TallySum) -> Int) {
        work.once { [self] in begin(name, .counter, help) }
        work.each(rows.count) { [self] in line(name, rows.labels($0), value(rows.sum($0))) }
    }

    /// A line for each of several numbers.
    private func counts(
        _ name: String, _ help: String, _ rows: Rows, each numbers: @escaping (TallySum) -> [(String, Int)]
    ) {
        work.once { [self] in begin(name, .counter, help) }
        work.each(rows.count) { [self] row in
            let labels = rows.labels(row)
            for (more, number) in numbers(rows.sum(row)) { line(name, labels, more, number) }
        }
    }

    func responses(_ name: String, _ help: String, _ rows: Rows) {
        counts(name, help, rows) { sum in
            [
                (",code=\"1xx\"", sum[.informational]), (",code=\"2xx\"", sum[.successful]),
                (",code=\"3xx\"", sum[.redirected]), (",code=\"4xx\"", sum[.clientErrors]),
                (",code=\"5xx\"", sum[.serverErrors]),
            ]
        }
    }

    /// - Parameter plainHTTP: clients that spoke no TLS; `nil`: that is not told here.
    func handshakes(_ name: String, _ help: String, _ rows: Rows, plainHTTP: Int? = nil) {
        counts(name, help, rows) { counts in
            var outcomes = [
                ("full", counts[.handshakes] - counts[.resumptions]), ("resumed", counts[.resumptions]),
                ("no_shared_protocol", counts[.noSharedProtocol]),
                ("no_shared_cipher", counts[.noSharedCipher]),
                ("rejected_certificate", counts[.rejectedCertificates]),
                ("timeout", counts[.handshakeTimeouts]),
            ]
            if let plainHTTP { outcomes.append(("plain_http", plainHTTP)) }
            outcomes.append(("failed", counts[.handshakeFailures]))
            return outcomes.map { (",outcome=\"\($0.0)\"", $0.1) }
        }
    }

    func refusedCertificates(_ name: String, _ help: String, _ rows: Rows, ofClients: Bool) {
        counts(name, help, rows) { counts in
            [
                ofClients ? ("missing", counts[.noCertificate]) : ("other_name", counts[.otherNames]),
                ("expired", counts[.expiredCertificates]), ("revoked", counts[.revokedCertificates]),
                ("other", counts[.badCertificates]),
            ].map { (",reason=\"\($0.0)\"", $0.1) }
        }
    }

    /// Ends of ranges in seconds, as they are written.
    private static let bounds = Exemplars.bounds.map { us in
        var text = "\(us / 1_000_000).\(String(us % 1_000_000 + 1_000_000).dropFirst())"
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }
    /// The same as labels; OpenMetrics wants whole numbers with a point.
    private static let labels = bounds.map { ",le=\"\($0)\"" }
    private static let pointedLabels = bounds.map { ",le=\"\($0)\($0.contains(".") ? "" : ".0")\"" }

    /// - Parameter exemplars: for each range, and those beyond; OpenMetrics alone has a place for them.
    func histogram(_ name: String, _ help: String, _ rows: Rows, _ exemplars: [Exemplars.Exemplar?] = []) {
        let buckets = "\(name)_bucket"
        let exemplars = form == .openMetrics ? exemplars : []
        let bound = form == .openMetrics ? StatusMetrics.pointedLabels : StatusMetrics.labels
        work.once { [self] in begin(name, .histogram, help) }
        work.each(rows.count) { [self] row in
            let labels = rows.labels(row)
            let latency = rows.sum(row).latency
            let total = latency.total
            let counts = latency.counts(upTo: Exemplars.bounds) + [total]
            for (range, bound) in (bound + [",le=\"+Inf\""]).enumerated() {
                write(buckets, labels, bound)
                out.append(decimal: counts[range])
                if range < exemplars.count, let exemplar = exemplars[range] { append(exemplar) }
                out.append("\n")
            }
            write("\(name)_sum", labels, "")
            appendSeconds(latency.sumUs)
            line("\(name)_count", labels, total)
        }
    }

    /// ` # {request_id="…"} 0.25 1700000000.5`
    private func append(_ exemplar: Exemplars.Exemplar) {
        out.append(" # {\(StatusMetrics.text([("request_id", exemplar.requestID)]))} ")
        let part = String(exemplar.atMs % 1000 + 1000).dropFirst()
        out.append("\(exemplar.us / 1_000_000).\(String(exemplar.us % 1_000_000 + 1_000_000).dropFirst())")
        out.append(" \(exemplar.atMs / 1000).\(part)")
    }

    /// Microseconds as seconds, and the end of the line.
    func appendSeconds(_ us: Int) {
        out.append("\(us / 1_000_000).\(String(us % 1_000_000 + 1_000_000).dropFirst())\n")
    }
}
