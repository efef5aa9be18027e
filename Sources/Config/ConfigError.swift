/// Something in the configuration that cannot be obeyed: nginx's words, and where.
public struct ConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, without the place and without a guess.
    private let text: String
    /// `nil`: no line of a file is to blame, as when the main file is missing.
    public let location: SourceLocation?
    /// Where in the files it stands, as `Statement.order` has it.
    private var order = Int.max
    /// The variable that nobody defines, if that is what is wrong.
    public private(set) var unknownVariable: String?
    /// It may be that what is missing stands where nothing could be read.
    public private(set) var isReference = false
    /// Words stand there that the directive does not take: how it is written helps.
    private var isAboutWords = false
    /// Looks for the name that was probably meant. That costs more than all else about an error, and is done
    /// for those only that are told.
    private var guess: (@Sendable () -> String)?
    /// What to do about it, where that can be said.
    public private(set) var advice: String?
    /// Whatever else is wrong: who has to mend a configuration is to know all of it after one run.
    public private(set) var further: [ConfigError] = []

    /// What is wrong, without the place.
    public var message: String { guess.map { text + $0() } ?? text }

    /// The same is wrong, at the same place.
    public static func == (left: ConfigError, right: ConfigError) -> Bool {
        left.lines == right.lines
    }

    /// An error with a place of its own, or with none.
    public init(_ message: String, at location: SourceLocation? = nil) {
        text = message
        self.location = location
    }

    /// A name that nobody knows.
    static func misspelt(
        _ message: String, _ statement: Statement, guess: @escaping @Sendable () -> String
    ) -> ConfigError {
        var error = ConfigError(message, statement)
        error.guess = guess
        return error
    }

    /// The same as an error of the text itself, where a statement of that order would stand.
    func ordered(_ order: Int) -> ConfigError {
        var error = self
        error.order = order
        return error
    }

    /// An error that `statement` is to blame for.
    public init(_ message: String, _ statement: Statement) {
        self.init(message, at: statement.location)
        order = statement.order
    }

    /// What cannot be done yet.
    ///
    /// - Parameters:
    ///   - subject: what it is, up to the verb.
    ///   - advice: what to do instead.
    public static func unsupported(
        _ subject: String, advice: String? = nil, _ statement: Statement
    ) -> ConfigError {
        let hint = advice.map { " (\($0))" } ?? ""
        return ConfigError("\(subject) is not supported yet\(hint)", statement)
    }

    /// A variable is used and nowhere defined.
    public static func unknownVariable(_ name: String, _ statement: Statement) -> ConfigError {
        var error = ConfigError("unknown \"\(name)\" variable", statement)
        error.unknownVariable = name
        error.isReference = true
        return error
    }

    /// Something is named that nothing defines.
    public static func unknownReference(_ message: String, _ statement: Statement) -> ConfigError {
        var error = ConfigError(message, statement)
        error.isReference = true
        return error
    }

    /// The same where no statement is to blame.
    public static func unknownReference(_ message: String, at location: SourceLocation?) -> ConfigError {
        var error = ConfigError(message, at: location)
        error.isReference = true
        return error
    }

    /// Several errors as one, each once, in the order of what they blame; `nil`: there is none.
    public static func together(_ errors: [ConfigError]) -> ConfigError? {
        var seen: Set<String> = []
        let each = errors.flatMap(\.all).filter { seen.insert($0.line(saying: $0.text)).inserted }
        // Sorting is stable: errors of one statement stay as they came.
        let sorted = each.sorted { $0.order < $1.order }
        guard var first = sorted.first else { return nil }
        first.further = Array(sorted.dropFirst())
        return first
    }

    /// This error and the further ones, each alone.
    public var all: [ConfigError] {
        var copy = self
        copy.further = []
        return [copy] + further
    }

    /// The same error, for which `statement` is to blame unless it already names a place.
    public func located(at statement: Statement) -> ConfigError {
        location == nil ? ConfigError(text, statement) : self
    }

    /// Most lines that one run says.
    private static var linesMax: Int { 200 }

    /// Each error on a line of its own: `message in file:line`.
    public var lines: [String] {
        let rest = further.count + 1 - ConfigError.linesMax
        let told = [line] + further.prefix(ConfigError.linesMax - 1).map(\.line)
        return rest > 0 ? told + ["and \(rest) more"] : told
    }

    private var line: String { line(saying: message) }

    private func line(saying message: String) -> String {
        let text = advice.map { "\(message) (\($0))" } ?? message
        return location.map { "\(text) in \($0)" } ?? text
    }

    /// The same error, with what to do about it.
    func advised(_ text: String?) -> ConfigError {
        var error = self
        error.advice = advice ?? text
        return error
    }

    /// The same error, with how the directive is written if it is that of `statement` which is not so.
    func advised(_ usage: String?, for statement: Statement) -> ConfigError {
        isAboutWords && further.isEmpty && order == statement.order ? advised(usage) : self
    }

    private static func aboutWords(_ message: String, _ statement: Statement) -> ConfigError {
        var error = ConfigError(message, statement)
        error.isAboutWords = true
        return error
    }

    /// `message in file:line`, as nginx words it, and how many more there are.
    public var description: String {
        further.isEmpty ? line : "\(line), and \(further.count) more"
    }
}

/// What nginx says about arguments that a row cannot use.
extension ConfigError {
    /// For directives whose count of arguments is not a plain range.
    public static func invalidArgumentCount(_ statement: Statement) -> ConfigError {
        aboutWords("invalid number of arguments in \"\(statement.name)\" directive", statement)
    }

    /// For a time, a size or another single value.
    public static func invalidValue(_ statement: Statement) -> ConfigError {
        aboutWords("\"\(statement.name)\" directive invalid value", statement)
    }

    /// For one of several parameters.
    public static func invalidParameter(_ parameter: String, _ statement: Statement) -> ConfigError {
        aboutWords("invalid parameter \"\(parameter)\"", statement)
    }

    /// For a number that is none.
    static func invalidNumber(_ statement: Statement) -> ConfigError {
        aboutWords("\"\(statement.name)\" directive invalid number", statement)
    }

    /// For a directive that may stand once where it stands a second time.
    public static func duplicate(_ statement: Statement) -> ConfigError {
        ConfigError("\"\(statement.name)\" directive is duplicate", statement)
    }
}

extension [ConfigError] {
    /// Does something, and takes what is wrong with it.
    public mutating func gather(_ body: () throws(ConfigError) -> Void) {
        do throws(ConfigError) {
            try body()
        } catch {
            append(error)
        }
    }
}
