/// A place in a configuration file.
public struct SourceLocation: Equatable, Sendable, CustomStringConvertible {
    /// The name of a text that came from the option `-g` and has no lines.
    public static var commandLine: String { "command line" }

    /// As the file was named when it was read.
    public let file: String
    /// The first line is 1.
    public let line: Int

    /// Line `line` of `file`.
    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    /// `file:line`, or `command line`.
    public var description: String {
        file == SourceLocation.commandLine ? file : "\(file):\(line)"
    }
}
