internal import Config

/// The files, as statements.
extension ConfigurationBuilder {
    /// What can be read of the files, with an `http` around it where there is none.
    func reading(
        _ request: LoadRequest, _ parser: ConfigParser
    ) throws(ConfigError) -> ConfigParser.Reading {
        let found = try parse(request, parser)
        return ConfigParser.Reading(wrapped(found.statements), faults: found.faults)
    }

    private func wrapped(_ statements: [Statement]) -> [Statement] {
        guard ConfigurationBuilder.beginsAtHTTPLevel(statements) else { return statements }
        let location = statements.first?.location ?? SourceLocation(file: "", line: 0)
        let isMain = { (statement: Statement) in
            !Directives.table.rows(named: statement.name).contains { $0.contexts.contains(.http) }
        }
        let http = Statement(words: ["http"], block: statements.filter { !isMain($0) }, location: location)
        hasEvents = true
        return statements.filter(isMain) + [http]
    }

    /// The statements of a configuration that can be loaded, for those who read them as they stand.
    func statements(_ request: LoadRequest) throws(ConfigError) -> [Statement] {
        try reading(request, ConfigParser(files: files, directory: directory)).checked()
    }

    private func parse(
        _ request: LoadRequest, _ parser: ConfigParser
    ) throws(ConfigError) -> ConfigParser.Reading {
        let path = ConfigurationBuilder.join(prefix, request.path ?? request.builtIn.name)
        if request.isBare, !files.exists(path) {
            return try parser.read(text: request.builtIn.text, name: "built-in \(request.builtIn.name)")
        }
        return try parser.read(path: path)
    }

    /// A file with `server` or `upstream` at its outermost level and no `http` around.
    private static func beginsAtHTTPLevel(_ statements: [Statement]) -> Bool {
        guard !statements.contains(where: { $0.name == "http" && $0.block != nil }) else { return false }
        return statements.contains { ($0.name == "server" || $0.name == "upstream") && $0.block != nil }
    }
}

extension ConfigurationBuilder {
    /// A text in which `$1` and its like are no variables, as in nginx: no expression stands before it.
    func template(ofNames text: String, _ statement: Statement) throws(ConfigError) -> Template<Variable> {
        let found = try template(text, statement)
        for part in found.parts {
            if case .capture(let number) = part { throw .unknownVariable("\(number)", statement) }
        }
        return found
    }
}
