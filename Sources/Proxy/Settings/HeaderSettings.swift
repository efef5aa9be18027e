internal import Config
internal import Core
internal import HTTP

/// `add_header`, `add_trailer` and `expires`.
struct HeaderSettings {
    var added = Replaceable<AddedHeader>()
    var trailers = Replaceable<AddedHeader>()
    var expires = Expires.off

    /// Nothing is added to responses.
    var isEmpty: Bool {
        guard added.elements.isEmpty, case .off = expires else { return false }
        return true
    }
}

/// One `add_header` or `add_trailer` line.
struct AddedHeader: Sendable {
    let name: [UInt8]
    let known: FieldName
    let value: Template<Variable>
    /// Added whatever the status.
    let isAlways: Bool
}

/// `expires`. Times in seconds.
enum Expires: Equatable {
    case off
    case epoch
    case max
    /// From now on.
    case access(Int64)
    /// From the file's time on.
    case modified(Int64)
    /// At a second of the day, UTC.
    case daily(Int64)
}

extension HeaderSettings {
    static var directives: [Directive<Block>] {
        let contexts: Context = [.http, .server, .location, .ifInLocation]
        return [
            Directive(
                "add_header", "Adds a field to responses; `always` to errors as well.", "name value [always]",
                in: contexts, arity: 2...3
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.headers.added.append(try line(statement, block))
            }.repeatable,
            Directive(
                "add_trailer", "Adds a field behind the content of responses; `always` to errors as well.",
                "name value [always]", in: contexts, arity: 2...3
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let added = try line(statement, block)
                guard TrailerSection.maySay(added.name.span) else {
                    throw ConfigError(
                        "\"\(statement.argument(0))\" may not stand behind content: use \"add_header\"",
                        statement)
                }
                block.settings.headers.trailers.append(added)
            }.repeatable,
            Directive(
                "expires", "How long caches may keep responses.", "[modified] time | epoch | max | off",
                default: "off",
                in: contexts, arity: 1...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.headers.expires = try expires(Array(statement.arguments), statement)
            },
        ]
    }

    private static func line(_ statement: Statement, _ block: Block) throws(ConfigError) -> AddedHeader {
        let word = statement.argument(2)
        guard word.isEmpty || word == "always" else {
            throw ConfigError("invalid parameter \"\(word)\"", statement)
        }
        let name = Array(statement.argument(0).utf8)
        return AddedHeader(
            name: name, known: FieldName.recognise(name.span),
            value: try block.template(statement.argument(1), statement), isAlways: word == "always")
    }

    private static func expires(_ words: [String], _ statement: Statement) throws(ConfigError) -> Expires {
        let isModified = words.count == 2 && words[0] == "modified"
        guard words.count == 1 || isModified, var text = words.last else {
            throw .invalidValue(statement)
        }
        if !isModified {
            switch text {
            case "off": return .off
            case "epoch": return .epoch
            case "max": return .max
            default: break
            }
        }
        let isDaily = text.hasPrefix("@")
        let isNegative = text.hasPrefix("-")
        if isDaily || isNegative || text.hasPrefix("+") { text.removeFirst() }
        guard let seconds = Units.seconds(text), !(isDaily && (isModified || seconds > 86_400)) else {
            guard isDaily else { throw .invalidValue(statement) }
            throw ConfigError(
                "\"expires\" directive daily time value must be less than 24 hours", statement)
        }
        if isDaily { return .daily(Int64(seconds)) }
        let value = Int64(isNegative ? -seconds : seconds)
        return isModified ? .modified(value) : .access(value)
    }
}
