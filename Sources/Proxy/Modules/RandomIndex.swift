internal import Config
internal import Core
internal import Net

/// `random_index`: answers for a folder with one of its files, whichever chance picks.
enum RandomIndex {
    /// Most names that are looked at: nobody waits long for a worker that reads a large folder.
    private static var namesMax: Int { 10_000 }

    /// - Parameter path: room for the folder's.
    /// - Returns: `.declined` where nothing is to be picked, or there is nothing.
    static func handle(_ exchange: Exchange, _ path: ByteBuffer) -> Outcome {
        guard exchange.location.settings.autoindex.picksAtRandom else { return .declined }
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        path.removeAll()
        FilePath.append(for: exchange, to: path)
        do throws(FileError) {
            guard try pick(from: OpenedDirectory(path), into: name) else { return .declined }
        } catch {
            exchange.log(error.errno.isNotFound || error.errno.isPermission ? .error : .crit, error.message)
            return .status(error.errno.isNotFound ? 404 : error.errno.isPermission ? 403 : 500)
        }
        exchange.uri.append(contentsOf: name)
        exchange.serveRedirected()
        return .suspended
    }

    /// Each file has the same chance. Hidden ones have none.
    ///
    /// - Returns: whether there is one.
    private static func pick(from folder: OpenedDirectory, into chosen: ByteBuffer) throws(FileError) -> Bool
    {
        let name = ByteBuffer(capacity: 256)
        var fileCount = 0
        for _ in 0..<namesMax {
            name.removeAll()
            switch folder.next(into: name) {
            case .end: return fileCount > 0
            case .failed(let error): throw FileError("readdir()", name.printableText, error)
            case .name: break
            }
            guard !name.isEmpty, name[0] != UInt8(ascii: "."), folder.isRegular(name) else { continue }
            fileCount += 1
            guard Int.random(in: 0..<fileCount) == 0 else { continue }
            chosen.removeAll()
            chosen.append(contentsOf: name)
        }
        return fileCount > 0
    }
}
