/// The users of an `auth_basic_user_file` with their hashes: lines of `name:hash` or `name:hash:comment`.
struct PasswordEntries: Sendable {
    private var hashes: [[UInt8]: [UInt8]] = [:]

    /// Reads a whole file. Lines that begin with `#`, and those without a name or a colon, are passed over;
    /// of two lines for one user the first counts.
    init(_ file: [UInt8]) {
        for line in file.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        where line.first != UInt8(ascii: "#") {
            let parts = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2, !parts[0].isEmpty, hashes[Array(parts[0])] == nil else { continue }
            hashes[Array(parts[0])] = Array(parts[1])
        }
    }

    /// The hash that stands for `user`, for `PasswordHash.verify`; `nil`: there is no such user.
    func lookup(_ user: [UInt8]) -> [UInt8]? { hashes[user] }

    /// Users whose password stands there as it is, or as a hash that tables of common passwords undo.
    var weakUsers: [[UInt8]] {
        hashes.filter { PasswordHash.isWeak($0.value) }.map(\.key).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// How many users there are.
    var count: Int { hashes.count }
}
