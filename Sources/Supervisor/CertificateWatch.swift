internal import Net

/// Certificate and key files, looked at again and again: who renews them need not reload.
///
/// A pair is renewed file by file; a change counts when nothing has changed any more since the last look.
struct CertificateWatch {
    /// Time between two looks.
    static var intervalMs: Int64 { 500 }

    private var known: [String: FileStamp] = [:]
    private var seen: [String: FileStamp]?

    /// - Parameter paths: the files that are in use as they are now.
    init(_ paths: [String]) {
        known = CertificateWatch.stamps(paths) ?? [:]
    }

    private static func stamps(_ paths: [String]) -> [String: FileStamp]? {
        var found: [String: FileStamp] = [:]
        for path in paths {
            // One that is missing is about to come back.
            guard let stamp = FileAccess.stamp(path) else { return nil }
            found[path] = stamp
        }
        return found
    }

    /// Looks at the files.
    ///
    /// - Returns: those that are others than before, once each time that they change.
    mutating func changed(_ paths: [String]) -> [String] {
        let now = CertificateWatch.stamps(paths)
        defer { seen = now }
        guard let now, now != known, now == seen else { return [] }
        let changed = now.filter { known[$0.key] != $0.value }.map(\.key).sorted()
        known = now
        return changed
    }
}
