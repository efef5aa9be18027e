/// How grave a line of an error log is; smaller is graver.
public enum LogLevel: Int, Comparable, Sendable, CaseIterable {
    case emerg = 1
    case alert, crit, error, warn, notice, info, debug

    /// Graver first.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// The word of `error_log` for it.
    public var name: String {
        switch self {
        case .emerg: "emerg"
        case .alert: "alert"
        case .crit: "crit"
        case .error: "error"
        case .warn: "warn"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }

    /// The level that `error_log` has this word for.
    public init?(name: String) {
        guard let found = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
