/// Something in the configuration that cannot be obeyed: nginx's words, and where.
public struct ConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, without the place.
    public let message: String
    /// `nil`: no line of a file is to blame, as when the main file is missing.
    public let location: SourceLocation?
    /// nginx knows it and this program does not: see `unsupported`.
    public private(set) var isUnsupported = false
    /// More of the same sort: who has to do without something is to know all of it after one run.
    public private(set) var further: [ConfigError] = []

    /// An error with a place of its own, or with none.
    public init(_ message: String, at location: SourceLocation? = nil) {
        self.message = message
        self.location = location
    }

    /// An error that `statement` is to blame for.
    public init(_ message: String, _ statement: Statement) {
        self.init(message, at: statement.location)
    }

    /// What cannot be done yet: the errors of one configuration are told together.
    ///
    /// - Parameters:
    ///   - subject: what it is, up to the verb.
    ///   - advice: what to do instead.
    public static func unsupported(
        _ subject: String, advice: String? = nil, _ statement: Statement
    ) -> ConfigError {
        let hint = advice.map { " (\($0))" } ?? ""
        var error = ConfigError("\(subject) is not supported yet\(hint)", statement)
        error.isUnsupported = true
        return error
    }

    /// Several errors as one; `nil`: there is none.
    public static func together(_ errors: [ConfigError]) -> ConfigError? {
        let all = errors.flatMap { [$0.alone] + $0.further }
        guard var first = all.first else { return nil }
        first.further = Array(all.dropFirst())
        return first
    }

    private var alone: ConfigError {
        var copy = self
        copy.further = []
        return copy
    }

    /// The same error, said to be at `place` unless it already names one.
    func located(at place: SourceLocation) -> ConfigError {
        location == nil ? ConfigError(message, at: place) : self
    }

    /// Most lines that one run says.
    private static var linesMax: Int { 200 }

    /// Each error on a line of its own: `message in file:line`.
    public var lines: [String] {
        let rest = further.count + 1 - ConfigError.linesMax
        let told = [line] + further.prefix(ConfigError.linesMax - 1).map(\.line)
        return rest > 0 ? told + ["and \(rest) more of this sort"] : told
    }

    private var line: String { location.map { "\(message) in \($0)" } ?? message }

    /// `message in file:line`, as nginx words it, and how many more there are.
    public var description: String {
        further.isEmpty ? line : "\(line), and \(further.count) more of this sort"
    }
}

/// What nginx says about arguments that a row cannot use.
extension ConfigError {
    /// For directives whose count of arguments is not a plain range.
    public static func invalidArgumentCount(_ statement: Statement) -> ConfigError {
        ConfigError("invalid number of arguments in \"\(statement.name)\" directive", statement)
    }

    /// For a time, a size or another single value.
    public static func invalidValue(_ statement: Statement) -> ConfigError {
        ConfigError("\"\(statement.name)\" directive invalid value", statement)
    }

    /// For one of several parameters.
    public static func invalidParameter(_ parameter: String, _ statement: Statement) -> ConfigError {
        ConfigError("invalid parameter \"\(parameter)\"", statement)
    }

    /// For a directive that may stand once where it stands a second time.
    public static func duplicate(_ statement: Statement) -> ConfigError {
        ConfigError("\"\(statement.name)\" directive is duplicate", statement)
    }
}
