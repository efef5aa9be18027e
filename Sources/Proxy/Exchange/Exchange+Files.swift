internal import Config
internal import Core
internal import Net

/// Files as the location in force lets them be found: `disable_symlinks`.
extension Exchange {
    func open(_ path: ByteBuffer) throws(FileError) -> OpenedFile {
        let file = try openUnnoted(path)
        delivery.hasOpenedFile = true
        return file
    }

    private func openUnnoted(_ path: ByteBuffer) throws(FileError) -> OpenedFile {
        guard followsSomeLinks else { return try OpenedFile(path) }
        let trusted = trustedCount(of: path)
        return try OpenedFile(
            path, trusted == nil ? .any : location.settings.links.rule, trusting: trusted ?? 0)
    }

    /// What stands at a path; where there is nothing, `Errno.current` says why.
    func stamp(of path: ByteBuffer) -> FileStamp? {
        guard followsSomeLinks else { return FileAccess.stamp(path) }
        let trusted = trustedCount(of: path)
        return FileAccess.stamp(
            path, trusted == nil ? .any : location.settings.links.rule, trusting: trusted ?? 0)
    }

    /// Not all links are followed.
    private var followsSomeLinks: Bool {
        if case .any = location.settings.links.rule { return false }
        return true
    }

    /// Bytes at the beginning of `path` that `from=` names, up to a slash; 0: none of it is that. `nil`: all
    /// of it is.
    private func trustedCount(of path: ByteBuffer) -> Int? {
        guard let template = location.settings.links.trusted else { return 0 }
        let trusted = worker.takeScratch()
        defer { worker.giveScratch(trusted) }
        template.append(for: self, to: trusted)
        let count = trusted.count
        guard count > 0, count <= path.count,
            path.isEqual(Slice(from: 0, to: count), to: Slice(from: 0, to: count), of: trusted)
        else { return 0 }
        if count == path.count { return nil }
        if path[count] == UInt8(ascii: "/") { return count }
        return path[count - 1] == UInt8(ascii: "/") ? count - 1 : 0
    }
}
