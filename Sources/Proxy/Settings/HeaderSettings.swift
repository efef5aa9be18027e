internal import Config
internal import Core
internal import HTTP

/// `add_header`, `add_trailer` and `expires`.
struct HeaderSettings {
    var added = Inheritable<AddedHeader>()
    var trailers = Inheritable<AddedHeader>()
    var expires = ExpiresSetting.fixed(.off) {
        didSet { saysAge = if case .fixed(.off) = expires { false } else { true } }
    }
    /// `expires` may say something: asked for each response, without taking what it says along.
    private(set) var saysAge = false
}

/// `expires`: the same for all, or a text that each request makes.
enum ExpiresSetting {
    case fixed(Expires)
    /// What variables come to; with `isModified` from the content's time on.
    case computed(Template<Variable>, isModified: Bool)
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

extension Expires {
    /// Why a text says no time; its text goes behind the directive's name.
    enum Fault: String, Error {
        case invalid = "invalid value"
        case tooLate = "daily time value must be less than 24 hours"
        case dailyOfModified = "daily time cannot be used with \"modified\" parameter"
    }

    /// Reads what stands behind `expires`, or behind its `modified`.
    init(_ text: String, isModified: Bool) throws(Fault) {
        if !isModified {
            switch text {
            case "off":
                self = .off
                return
            case "epoch":
                self = .epoch
                return
            case "max":
                self = .max
                return
            default: break
            }
        }
        let sign = text.first
        let isDaily = sign == "@"
        if isDaily && isModified { throw .dailyOfModified }
        guard
            let seconds = Units.seconds(
                isDaily || sign == "-" || sign == "+" ? String(text.dropFirst()) : text)
        else { throw .invalid }
        if isDaily {
            guard seconds <= 86_400 else { throw .tooLate }
            self = .daily(Int64(seconds))
        } else {
            let value = Int64(sign == "-" ? -seconds : seconds)
            self = isModified ? .modified(value) : .access(value)
        }
    }
}

extension HeaderSettings {
    static var directives: [Directive<Block>] {
        let contexts: Context = [.http, .server, .location, .ifInLocation]
        return [
            Directive(
                "add_header", "Adds a field to responses; `always` to errors as well.", "name value [always]",
                in: contexts, arity: 2...3
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let added = try line(statement, block)
                // Without a name it adds nothing, and keeps out what stands around the block.
                guard !added.name.isEmpty else { return block.settings.headers.added.begin() }
                block.settings.headers.added.append(added)
            }.repeatable,
            .oneOf(
                "add_header_inherit", "What becomes of the add_header lines around a block.", in: contexts,
                default: "on", Inheritance.words, \.settings.headers.added.rule),
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
            .oneOf(
                "add_trailer_inherit", "What becomes of the add_trailer lines around a block.", in: contexts,
                default: "on", Inheritance.words, \.settings.headers.trailers.rule),
            Directive(
                "expires", "How long caches may keep responses.", "[modified] time | epoch | max | off",
                default: "off",
                in: contexts, arity: 1...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.headers.expires = try expires(
                    Array(statement.arguments), statement, block)
            },
        ]
    }

    private static func line(_ statement: Statement, _ block: Block) throws(ConfigError) -> AddedHeader {
        let word = statement.argument(2)
        guard statement.arguments.count == 2 || word == "always" else {
            throw ConfigError("invalid parameter \"\(word)\"", statement)
        }
        let name = Array(statement.argument(0).utf8)
        return AddedHeader(
            name: name, known: FieldName.recognise(name.span),
            value: try block.template(statement.argument(1), statement), isAlways: word == "always")
    }

    private static func expires(
        _ words: [String], _ statement: Statement, _ block: Block
    ) throws(ConfigError) -> ExpiresSetting {
        let isModified = words.count == 2 && words[0] == "modified"
        guard words.count == 1 || isModified, let text = words.last else { throw .invalidValue(statement) }
        if text.contains("$") {
            return .computed(try block.template(text, statement), isModified: isModified)
        }
        do throws(Expires.Fault) {
            return .fixed(try Expires(text, isModified: isModified))
        } catch {
            throw ConfigError("\"expires\" directive \(error.rawValue)", statement)
        }
    }
}
