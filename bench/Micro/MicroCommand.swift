import Glibc
import Net

/// `portico-bench micro`: what the pieces of the hot path cost by themselves.
enum MicroCommand {
    struct Options {
        var filter = ""
        var timeMs = 200
        var baseline: String?
        var save: String?
        var maxRise: Double?
        var isJSON = false
    }

    static var help: String {
        """
        portico-bench micro [options]

        Runs pieces of the hot path alone and prints for each of them nanoseconds (of the quickest batch, and of the
        middle one) and allocations.

              --filter TEXT        only pieces that have this in their name
              --time TIME          how long each is repeated (200ms)
              --save FILE          writes what they cost to a file
              --baseline FILE      compares with such a file; the exit status is 1 if a piece allocates more often
              --max-rise PERCENT   and if it takes so much longer
              --json               instead of a table

        Allocations are counted by release builds only.
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.contains("-h") {
            Output.print(help)
            return 0
        }
        do {
            let options = try parse(words)
            let baseline = try options.baseline.map { path in
                guard let text = ProcessTimes.read(path) else {
                    throw LoadOptions.Complaint(text: "\"\(path)\" cannot be read")
                }
                return try MicroBaseline(text: text)
            }
            return try run(options, baseline)
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    private static func run(_ options: Options, _ baseline: MicroBaseline?) throws -> Int32 {
        let pieces = MicroPieces.all.filter { options.filter.isEmpty || $0.name.contains(options.filter) }
        guard !pieces.isEmpty else { throw LoadOptions.Complaint(text: "no piece is called so") }
        // A comparison that cannot be made must not look like one that was passed.
        guard AllocationCount.isCounting || baseline?.hasAllocations != true else {
            throw LoadOptions.Complaint(
                text: "the baseline has allocations, and this build cannot count any; build with -c release")
        }
        if !options.isJSON { Output.print(header(baseline != nil)) }
        var costs = MicroBaseline()
        var complaints: [String] = []
        var objects: [String] = []
        for piece in pieces {
            let cost = piece.measure(timeMs: options.timeMs)
            costs.lines[piece.name] = .init(bestNs: cost.bestNs, allocations: cost.allocations)
            let before = baseline?.lines[piece.name]
            if options.isJSON {
                objects.append(json(piece.name, cost, before))
            } else {
                Output.print(row(piece.name, cost, before))
            }
            if let complaint = baseline?.complaint(piece.name, cost, maxRise: options.maxRise) {
                complaints.append(complaint)
            }
        }
        if options.isJSON { Output.print("[\n" + objects.joined(separator: ",\n") + "\n]") }
        if let path = options.save { try ScratchFolder.write(costs.text, to: path) }
        for complaint in complaints { Output.complain(complaint) }
        return complaints.isEmpty ? 0 : 1
    }

    private static func parse(_ words: [String]) throws(LoadOptions.Complaint) -> Options {
        var options = Options()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--json" {
                options.isJSON = true
                continue
            }
            guard let value = rest.popFirst() else {
                throw LoadOptions.Complaint(text: "\(word) needs a value")
            }
            switch word {
            case "--filter": options.filter = value
            case "--time": options.timeMs = max(1, Int(try LoadOptions.time(word, value) / 1000))
            case "--baseline": options.baseline = value
            case "--save": options.save = value
            case "--max-rise":
                guard let percent = Double(value), percent >= 0 else {
                    throw LoadOptions.Complaint(text: "--max-rise is a number of percent")
                }
                options.maxRise = percent / 100
            default: throw LoadOptions.Complaint(text: "there is no option \(word)")
            }
        }
        return options
    }

    // MARK: Printing

    private static func header(_ hasBaseline: Bool) -> String {
        Output.padded("", 38) + Output.padded("best ns", -11) + Output.padded("median ns", -11)
            + Output.padded("allocations", -13)
            + (hasBaseline ? Output.padded("was ns", -11) + Output.padded("ratio", -8) : "")
    }

    private static func row(_ name: String, _ cost: MicroPiece.Cost, _ before: MicroBaseline.Line?) -> String
    {
        var text = Output.padded(name, 38) + Output.padded(Output.decimal(cost.bestNs, 1), -11)
        text += Output.padded(Output.decimal(cost.medianNs, 1), -11)
        text += Output.padded(cost.allocations.map { Output.decimal($0, 2) } ?? "-", -13)
        guard let before else { return text }
        return text + Output.padded(Output.decimal(before.bestNs, 1), -11)
            + Output.padded(Output.decimal(cost.bestNs / before.bestNs, 2), -8)
    }

    private static func json(_ name: String, _ cost: MicroPiece.Cost, _ before: MicroBaseline.Line?) -> String
    {
        let allocations = cost.allocations.map { Output.decimal($0, 3) } ?? "null"
        var text = "  {\"name\": \"\(name)\", \"best_ns\": \(Output.decimal(cost.bestNs, 2)), "
        text += "\"median_ns\": \(Output.decimal(cost.medianNs, 2)), \"allocations\": \(allocations)"
        if let before { text += ", \"was_ns\": \(Output.decimal(before.bestNs, 2))" }
        return text + "}"
    }
}
