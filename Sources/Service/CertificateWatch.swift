internal import Net

/// Certificate and key files, looked at again and again: who renews them need not reload.
///
/// A pair is renewed file by file; a change counts when nothing has changed any more since the last look. A
/// file that is missing holds up nobody: what was read from it goes on until it is back.
struct CertificateWatch {
    /// Time between two looks.
    static var intervalMs: Int64 { 500 }

    private var known: [String: FileStamp]
    private var seen: [String: FileStamp]?
    private var missed: Set<String> = []
    /// What changed and could not be used. It may be one half of a pair: it is tried again with the other.
    var refused: Set<String> = []

    /// - Parameter known: the files that are in use, as they were before they were read: one that is replaced
    ///   meanwhile has changed.
    init(_ known: [String: FileStamp]) {
        self.known = known
    }

    private static func stamps(_ paths: [String]) -> [String: FileStamp] {
        var found: [String: FileStamp] = [:]
        // Whatever else stands in the place of a file is not waited for.
        for path in paths { found[path] = FileAccess.stamp(path).flatMap { $0.isRegular ? $0 : nil } }
        return found
    }

    /// What one look came to.
    struct News {
        /// Files that are others than before, once each time that they change.
        var changed: Set<String> = []
        /// Files that are missing since not long ago.
        var gone: [String] = []
    }

    /// Looks at the files.
    mutating func look(at paths: [String]) -> News {
        let now = CertificateWatch.stamps(paths)
        defer { seen = now }
        guard now == seen else { return News() }
        let missing = Set(paths.filter { now[$0] == nil })
        defer { missed = missing }
        let changed = now.filter { known[$0.key] != $0.value }
        known.merge(changed) { $1 }
        return News(changed: Set(changed.keys), gone: missing.subtracting(missed).sorted())
    }
}
