/// The format of `auth_basic_user_file`: lines of `name:hash` or `name:hash:comment`.
public enum PasswordFile {
    /// Reads a whole file. Lines that begin with `#`, and those without a name or a colon, are passed over.
    public static func parse(_ bytes: [UInt8]) -> PasswordEntries {
        var entries = PasswordEntries()
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        where line.first != UInt8(ascii: "#") {
            let parts = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2, !parts[0].isEmpty else { continue }
            entries.add(user: Array(parts[0]), hash: Array(parts[1]))
        }
        return entries
    }
}

/// The users of a password file with their hashes.
public struct PasswordEntries: Sendable {
    private var hashes: [[UInt8]: [UInt8]] = [:]

    /// No users.
    public init() {}

    /// Of two lines for one user the first counts.
    mutating func add(user: [UInt8], hash: [UInt8]) {
        if hashes[user] == nil { hashes[user] = hash }
    }

    /// The hash that stands for `user`, for `PasswordHash.verify`; `nil`: there is no such user.
    public func lookup(_ user: [UInt8]) -> [UInt8]? { hashes[user] }

    /// Users whose password stands there as it is, or as a hash that tables of common passwords undo.
    public var weakUsers: [[UInt8]] {
        hashes.filter { PasswordHash.isWeak($0.value) }.map(\.key).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// How many users there are.
    public var count: Int { hashes.count }
}
