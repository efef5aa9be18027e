/// Steps that are taken one after the other; a file with one on each line, `#` begins a comment.
struct Story {
    let name: String
    let folder: String
    private(set) var title = ""
    private(set) var steps: [StoryStep] = []

    init(path: String) throws(LoadOptions.Complaint) {
        guard let text = ProcessTimes.read(path) else {
            throw LoadOptions.Complaint(text: "\"\(path)\" cannot be read")
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
        name = parts.last.map(String.init) ?? path
        do {
            try read(text)
        } catch {
            throw LoadOptions.Complaint(text: "\(path):\(error.text)")
        }
    }

    /// - Throws: `line: what is wrong`.
    init(name: String, text: String) throws(LoadOptions.Complaint) {
        self.name = name
        folder = "."
        try read(text)
    }

    private mutating func read(_ text: String) throws(LoadOptions.Complaint) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ")
            guard let word = words.first else { continue }
            let text = words.joined(separator: " ")
            if word == "title" {
                title = words.dropFirst().joined(separator: " ")
                continue
            }
            do {
                steps.append(try StoryStep(line: index + 1, text: text))
            } catch {
                throw LoadOptions.Complaint(text: "\(index + 1): \(error.text)")
            }
        }
        let asserts = steps.contains { if case .assert = $0.action { true } else { false } }
        // A story that claims nothing would always be true.
        guard asserts else { throw LoadOptions.Complaint(text: "1: nothing is asserted") }
    }
}
