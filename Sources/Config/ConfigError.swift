/// Something in the configuration that cannot be obeyed: nginx's words, and where.
public struct ConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, without the place.
    public let message: String
    /// `nil`: no line of a file is to blame, as when the main file is missing.
    public let location: SourceLocation?

    /// An error with a place of its own, or with none.
    public init(_ message: String, at location: SourceLocation? = nil) {
        self.message = message
        self.location = location
    }

    /// An error that `statement` is to blame for.
    public init(_ message: String, _ statement: Statement) {
        self.init(message, at: statement.location)
    }

    /// The same error, said to be at `place` unless it already names one.
    func located(at place: SourceLocation) -> ConfigError {
        location == nil ? ConfigError(message, at: place) : self
    }

    /// `message in file:line`, as nginx words it.
    public var description: String {
        location.map { "\(message) in \($0)" } ?? message
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
