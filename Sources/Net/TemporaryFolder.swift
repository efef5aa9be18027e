/// Where temporary files are kept, as `client_body_temp_path` and its kin say.
public final class TemporaryFolder: Sendable, ExpressibleByStringLiteral {
    /// Its own path.
    public let path: String
    /// How many digits of a file's number name each folder between this one and the file: at most three,
    /// and 10 digits together.
    private let levels: [Int]

    /// Digits of a file's number.
    private static var digitCount: Int { 10 }

    /// A folder whose files stand in it directly.
    public init(_ path: String) {
        self.path = path
        levels = []
    }

    /// The same, as tests write it.
    public convenience init(stringLiteral path: String) { self.init(path) }

    /// A folder whose files stand in folders of their own.
    ///
    /// - Returns: `nil` if the levels are not what nginx takes.
    public init?(_ path: String, levels: [Int]) {
        guard levels.count <= 3, levels.allSatisfy({ 1...TemporaryFolder.digitCount ~= $0 }),
            levels.reduce(0, +) <= TemporaryFolder.digitCount
        else { return nil }
        self.path = path
        self.levels = levels
    }

    /// The path of the file with this number: `path/7/45/0000123457` where the levels are 1 and 2.
    public func path(of number: UInt32) -> String {
        let text = String(number)
        let digits = String(repeating: "0", count: TemporaryFolder.digitCount - text.utf8.count) + text
        var folders = ""
        var rest = Substring(digits)
        for level in levels {
            folders += "/" + rest.suffix(level)
            rest = rest.dropLast(level)
        }
        return "\(path)\(folders)/\(digits)"
    }
}
