/// What a request may cost: lines of `scenario metric number`, `#` begins a comment.
struct GateLimits: Equatable {
    /// By `scenario metric`.
    var numbers: [String: Double] = [:]

    init() {}

    /// - Throws: what does not read as a limit, by its number.
    init(text: String) throws(LoadOptions.Complaint) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ")
            guard !words.isEmpty else { continue }
            guard words.count == 3, let value = Double(words[2]), value >= 0 else {
                throw LoadOptions.Complaint(text: "line \(number + 1) is not \"scenario metric number\"")
            }
            numbers["\(words[0]) \(words[1])"] = value
        }
    }

    var text: String {
        "# What a request costs; of portico-bench gate --save.\n"
            + numbers.sorted { $0.key < $1.key }.map { "\($0.key) \(Output.decimal($0.value, 2))\n" }.joined()
    }

    /// What is above its limit, and limits of these scenarios that nothing was measured for.
    ///
    /// A little is left for what comes with time and not with requests.
    func complaints(_ found: GateLimits, scenarios: [String]) -> [String] {
        numbers.sorted { $0.key < $1.key }.compactMap { key, limit in
            guard scenarios.contains(where: { key.hasPrefix($0 + " ") }) else { return nil }
            guard let number = found.numbers[key] else {
                return "\(key): there is a limit, and it was not measured"
            }
            let slack = key.hasSuffix(" allocations") ? 0.05 : 0.1
            guard number > limit + slack else { return nil }
            return "\(key): \(Output.decimal(number, 2)), above \(Output.decimal(limit, 2))"
        }
    }
}
