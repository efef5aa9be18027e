internal import Net

/// Checks passwords against the hashes of `auth_basic_user_file`.
///
/// Known are `$apr1$`, `{PLAIN}`, `{SHA}`, `{SSHA}`, and whatever the system's crypt(3) knows: MD5, SHA-256
/// and SHA-512, bcrypt, yescrypt, DES.
enum PasswordHash {
    /// What a check came to.
    enum Verdict: Sendable, Equatable {
        case matches
        case differs
        /// The hash is not one: nobody can match it.
        case unusable
    }

    /// Longer passwords match nothing: crypt(3) takes no more, and their hashing would hold up the worker.
    static var passwordBytesMax: Int { 511 }

    /// Whether `hash` was made of `password`.
    ///
    /// Costly hashes take long on purpose, bcrypt and yescrypt tens of milliseconds and more: see `isCostly`.
    static func verify(_ password: [UInt8], hash: [UInt8]) -> Verdict {
        guard password.count <= passwordBytesMax else { return .differs }
        if let rest = hash.after("{PLAIN}") { return verdict(password, rest) }
        if let rest = hash.after("{SHA}") { return verifySHA(password, rest) }
        if let rest = hash.after("{SSHA}") { return verifySaltedSHA(password, rest) }
        if let rest = hash.after("$apr1$") { return verifyAPR1(password, rest) }
        return verifyCrypt(password, hash)
    }

    /// Whether `verify` may take longer than about 4 ms: too long for those who wait for the same worker.
    ///
    /// What is not known to be cheap is costly.
    static func isCostly(_ hash: [UInt8], passwordCount: Int) -> Bool {
        // {PLAIN}, {SSHA}, DES: microseconds. $1$ and $apr1$: 1000 rounds of MD5, 2 ms at most.
        guard hash.first == UInt8(ascii: "$") || hash.first == UInt8(ascii: "_") else { return false }
        if hash.after("$1$") != nil || hash.after("$apr1$") != nil { return false }
        if let rest = hash.after("$5$") ?? hash.after("$6$") {
            guard let rounds = rounds(rest) else { return true }
            // A round hashes the password once and more, and fixed-size digests.
            return rounds > costMax / (64 + min(passwordCount, passwordBytesMax))
        }
        // Each step of bcrypt's cost doubles it: 2 ms at 5.
        let isCheap = ["$2a$", "$2b$", "$2x$", "$2y$"].contains { kind in
            hash.after(kind + "04$") != nil || hash.after(kind + "05$") != nil
        }
        return !isCheap
    }

    /// SHA-256 or SHA-512 rounds times bytes that are worked out in place: 4 ms, as measured on one core
    /// of 2023. The usual 5000 rounds keep below it for passwords of up to 64 bytes.
    private static var costMax: Int { 5000 * 128 }

    /// The number of rounds in what follows `$5$` or `$6$`; `nil`: it cannot be read.
    private static func rounds(_ setting: [UInt8]) -> Int? {
        guard let rest = setting.after("rounds=") else { return 5000 }
        return Int(String(decoding: rest.prefix { $0 != UInt8(ascii: "$") }, as: UTF8.self))
    }

    /// It is the password itself, or a hash of it without a salt.
    static func isWeak(_ hash: [UInt8]) -> Bool { hash.after("{PLAIN}") != nil || hash.after("{SHA}") != nil }

    private static func verdict(_ made: [UInt8], _ expected: [UInt8]) -> Verdict {
        Digest.areEqual(made, expected) ? .matches : .differs
    }

    /// `{SHA}`: base 64 of the password's SHA-1.
    private static func verifySHA(_ password: [UInt8], _ text: [UInt8]) -> Verdict {
        guard let expected = Digest.decodedBase64(text), expected.count == 20 else { return .unusable }
        return verdict(Digest.sha1(password), expected)
    }

    /// `{SSHA}`: base 64 of the SHA-1 of password and salt, and then the salt.
    private static func verifySaltedSHA(_ password: [UInt8], _ text: [UInt8]) -> Verdict {
        guard let bytes = Digest.decodedBase64(text), bytes.count >= 20 else { return .unusable }
        return verdict(Digest.sha1(password + bytes.dropFirst(20)), Array(bytes.prefix(20)))
    }

    /// `$apr1$salt$hash`, what Apache's htpasswd makes of MD5.
    private static func verifyAPR1(_ password: [UInt8], _ text: [UInt8]) -> Verdict {
        guard let dollar = text.firstIndex(of: UInt8(ascii: "$")) else { return .unusable }
        let expected = Array(text[(dollar + 1)...])
        guard expected.count == 22, let made = APR1.hash(password, salt: Array(text[..<dollar].prefix(8)))
        else {
            return .unusable
        }
        return verdict(made, expected)
    }

    private static func verifyCrypt(_ password: [UInt8], _ hash: [UInt8]) -> Verdict {
        guard !hash.isEmpty, !hash.contains(0) else { return .unusable }
        // crypt(3) would stop at the zero and take the rest of the password on trust.
        guard !password.contains(0) else { return .differs }
        guard let made = SystemCrypt.hash(password, setting: hash) else { return .unusable }
        return verdict(made, hash)
    }
}

extension [UInt8] {
    /// What follows `prefix`; `nil` if it does not stand at the start.
    fileprivate func after(_ prefix: String) -> [UInt8]? {
        starts(with: prefix.utf8) ? Array(dropFirst(prefix.utf8.count)) : nil
    }
}
