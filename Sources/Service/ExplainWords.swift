/// The words behind `portico explain`.
struct ExplainWords: Equatable, Sendable {
    /// The URL, or a path alone.
    private(set) var url = ""
    /// `--client`: the address that the request comes from.
    private(set) var client = "127.0.0.1"
    /// `--method`.
    private(set) var method = "GET"
    /// `-H`: lines of the request's head.
    private(set) var fields: [String] = []
    /// `--json`.
    private(set) var isJSON = false

    /// Nothing was read yet.
    init() {}

    /// Takes the next word, and its value.
    ///
    /// - Returns: false: it is an option of the program itself, and still there.
    mutating func take(_ rest: inout ArraySlice<String>) throws(OptionError) -> Bool {
        guard let word = rest.first else { return false }
        switch word {
        case "--client": client = try ExplainWords.value(&rest)
        case "--method": method = try ExplainWords.value(&rest)
        case "-H": fields.append(try ExplainWords.value(&rest))
        case "--json":
            isJSON = true
            rest.removeFirst()
        case _ where word.hasPrefix("-"): return false
        default:
            guard url.isEmpty else {
                throw OptionError("\"explain\" takes one URL, and \"\(word)\" is another")
            }
            url = word
            rest.removeFirst()
        }
        return true
    }

    private static func value(_ rest: inout ArraySlice<String>) throws(OptionError) -> String {
        let word = rest.removeFirst()
        guard let value = rest.popFirst(), !value.isEmpty else {
            throw OptionError("option \"\(word)\" requires a value")
        }
        return value
    }
}
