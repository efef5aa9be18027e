internal import Core
internal import Net

/// The user files of `auth_basic_user_file`, read again when they change.
///
/// nginx reads them for every request; here a file is looked at for every request, and read if its time,
/// size or number is another.
final class PasswordFiles {
    private var files: [String: PasswordFile] = [:]

    /// Paths may be made of variables: more than these are not remembered at a time.
    private static var filesMax: Int { 64 }

    private static func complaint(_ entries: PasswordEntries, _ path: String) -> String? {
        let weak = entries.weakUsers
        guard let user = weak.first else { return nil }
        let others = weak.count > 1 ? " and \(weak.count - 1) more" : ""
        return "the password of user \"\(String(decoding: user, as: UTF8.self))\"\(others) in \"\(path)\""
            + " is kept in plain or without a salt; make a hash with \"openssl passwd -6\""
    }

    /// The file at `path`, as it is now.
    ///
    /// - Parameter warn: told what is wrong with it, once each time that it is read.
    func file(at path: String, warn: (String) -> Void) throws(FileError) -> PasswordFile {
        let stamp = FileAccess.stamp(path)
        if let known = files[path], known.stamp == stamp { return known }
        let content = try FileAccess.readRegular(path, limit: PasswordFile.sizeMax)
        if files.count >= PasswordFiles.filesMax { files.removeAll(keepingCapacity: true) }
        let entries = PasswordEntries(content)
        if let complaint = PasswordFiles.complaint(entries, path) { warn(complaint) }
        let file = PasswordFile(stamp: stamp, entries: entries)
        files[path] = file
        return file
    }
}

/// One user file, and who was let in by it a moment ago.
final class PasswordFile {
    enum Verdict: Equatable {
        case accepted, unknownUser, wrongPassword
        /// It could not be worked out: why.
        case undecided(String)
    }

    enum Answer: Equatable {
        case verdict(Verdict)
        /// The hash takes so long that it must be worked out aside.
        case costly(PasswordClaim)
    }

    let stamp: FileStamp?
    private let entries: PasswordEntries
    private var remembered = RememberedCredentials()

    /// Bytes that are read of a file at most.
    static var sizeMax: Int { 16 << 20 }

    init(stamp: FileStamp?, entries: PasswordEntries) {
        self.stamp = stamp
        self.entries = entries
    }

    /// Whether `password` is `user`'s. A password that was right is not hashed again for some seconds.
    func check(user: [UInt8], password: [UInt8], nowMs: Int64) -> Answer {
        guard let hash = entries.lookup(user) else { return .verdict(.unknownUser) }
        let digest = Digest.sha256(user + [0] + password)
        if remembered.contains(digest, nowMs: nowMs) { return .verdict(.accepted) }
        let claim = PasswordClaim(file: self, password: password, hash: hash, digest: digest)
        if PasswordHash.isCostly(hash, passwordCount: password.count) { return .costly(claim) }
        return .verdict(settle(claim, isRight: claim.isRight, nowMs: nowMs))
    }

    /// It is known whether a claim was right.
    func settle(_ claim: PasswordClaim, isRight: Bool, nowMs: Int64) -> Verdict {
        guard isRight else { return .wrongPassword }
        remembered.insert(claim.digest, nowMs: nowMs)
        return .accepted
    }
}

/// A user's password as a client gave it, and the hash that it has to be compared to.
struct PasswordClaim: Equatable {
    let file: PasswordFile
    let password: [UInt8]
    let hash: [UInt8]
    /// Of the user and the password.
    let digest: [UInt8]

    /// Works the hash out, here and now.
    var isRight: Bool { PasswordHash.verify(password, hash: hash) == .matches }

    static func == (one: PasswordClaim, other: PasswordClaim) -> Bool {
        one.file === other.file && one.digest == other.digest
    }
}

/// Digests of credentials that were right not long ago. Bounded; passwords themselves are not kept.
struct RememberedCredentials {
    private struct Entry {
        var digest: [UInt8] = []
        var untilMs: Int64 = 0
    }

    private var entries = [Entry](repeating: Entry(), count: 64)

    /// How long right credentials are believed without another look.
    static var lifeMs: Int64 { 5000 }

    func contains(_ digest: [UInt8], nowMs: Int64) -> Bool {
        let entry = entries[index(of: digest)]
        return entry.untilMs > nowMs && entry.digest == digest
    }

    mutating func insert(_ digest: [UInt8], nowMs: Int64) {
        entries[index(of: digest)] = Entry(digest: digest, untilMs: nowMs + RememberedCredentials.lifeMs)
    }

    private func index(of digest: [UInt8]) -> Int { Int(digest.first ?? 0) % entries.count }
}
