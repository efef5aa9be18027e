internal import Config
internal import Core

/// `try_files name ... uri | =code`.
struct TryFilesSettings {
    /// A name that is looked for below the root.
    struct Candidate {
        let name: Template<Variable>
        /// Written with a slash at the end.
        let isDirectory: Bool
    }

    /// What is done when nothing was found.
    enum Last {
        case status(UInt16)
        /// A path, or the name of a named location.
        case target(Template<Variable>)
    }

    let candidates: [Candidate]
    let last: Last

    static var directives: [Directive<Block>] {
        [
            Directive(
                "try_files", "Serves the first of these files that exists, else the last path or status.",
                "file ... uri | file ... =code", in: [.server, .location], arity: 2...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.tryFiles = try read(statement, block)
            }
        ]
    }

    private static func read(_ statement: Statement, _ block: Block) throws(ConfigError) -> TryFilesSettings {
        var candidates: [Candidate] = []
        for word in statement.arguments.dropLast() {
            let isDirectory = word.hasSuffix("/")
            let name = isDirectory ? String(word.dropLast()) : word
            candidates.append(Candidate(name: try block.template(name, statement), isDirectory: isDirectory))
        }
        let word = statement.arguments.last ?? ""
        guard word.hasPrefix("=") else {
            return TryFilesSettings(
                candidates: candidates, last: .target(try block.template(word, statement)))
        }
        guard let code = Units.number(String(word.dropFirst())), code <= 999 else {
            throw ConfigError("invalid code \"\(word)\"", statement)
        }
        // As nginx: 0 is no code, and the word is a path.
        let last: Last = code == 0 ? .target(Template(constant: Array(word.utf8))) : .status(UInt16(code))
        return TryFilesSettings(candidates: candidates, last: last)
    }
}
