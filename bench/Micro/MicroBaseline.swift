/// What the pieces cost on an earlier day: lines of `name best-ns allocations`, `#` begins a comment.
struct MicroBaseline: Equatable {
    struct Line: Equatable {
        var bestNs: Double
        /// `nil`: they were not counted.
        var allocations: Double?
    }

    var lines: [String: Line] = [:]

    init() {}

    /// - Throws: what does not read as a baseline, by its number.
    init(text: String) throws(LoadOptions.Complaint) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ")
            guard !words.isEmpty else { continue }
            guard words.count == 3, let ns = Double(words[1]), ns > 0,
                words[2] == "-" || Double(words[2]) != nil
            else { throw LoadOptions.Complaint(text: "line \(number + 1) is not \"name ns allocations\"") }
            lines[String(words[0])] = Line(bestNs: ns, allocations: Double(words[2]))
        }
    }

    var hasAllocations: Bool { lines.values.contains { $0.allocations != nil } }

    var text: String {
        var text = "# piece, nanoseconds, allocations; of portico-bench micro --save\n"
        for (name, line) in lines.sorted(by: { $0.key < $1.key }) {
            let allocations = line.allocations.map { Output.decimal($0, 3) } ?? "-"
            text += "\(name) \(Output.decimal(line.bestNs, 1)) \(allocations)\n"
        }
        return text
    }

    /// Why a piece is worse than it was; `nil`: it is not.
    ///
    /// - Parameter maxRise: how much slower is allowed, 0.2 for a fifth; `nil`: time is not judged.
    func complaint(_ name: String, _ cost: MicroPiece.Cost, maxRise: Double?) -> String? {
        guard let line = lines[name] else { return nil }
        if let was = line.allocations, let now = cost.allocations, now > was + 0.0005 {
            return "\(name): \(Output.decimal(now, 3)) allocations, and \(Output.decimal(was, 3)) before"
        }
        guard let maxRise, cost.bestNs > line.bestNs * (1 + maxRise) else { return nil }
        return "\(name): \(Output.decimal(cost.bestNs, 1)) ns, and \(Output.decimal(line.bestNs, 1)) before"
    }
}
