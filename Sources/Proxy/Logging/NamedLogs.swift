internal import Config
internal import Core
internal import Net

/// Access logs whose names hold variables: a worker opens them itself, and writes line by line.
final class NamedLogs {
    /// Most files that stay open, whatever the configuration says.
    static var openMax: Int { 1 << 16 }

    /// A file that was written to.
    private struct Entry {
        let key: UInt64
        let path: [UInt8]
        /// `nil`: it was not used often enough to stay open.
        var file: AppendedFile?
        var uses = 0
        var checkedMs: Int64
        var usedMs: Int64
    }

    private var entries: [Entry] = []
    /// Where in `entries` a path is, by its hash.
    private var places: [UInt64: Int] = [:]
    private let hash = KeyedHash(UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max))
    private var sweptMs: Int64 = 0
    /// Complaints about lines that are lost.
    private var ration = LogRation()

    /// Writes a line of `exchange` where `path` says.
    func write(_ line: ByteBuffer, to path: Template<Variable>, for exchange: Exchange) {
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        path.append(for: exchange, to: name)
        guard NamedLogs.isInPlace(name, path) else {
            return complain("the name of a log, \"\(name.printableText)\", leads out of its folder", exchange)
        }
        guard hasRoot(exchange) else { return }
        do throws(FileError) {
            if let error = try file(name, exchange).write(line) {
                complain("write() to \"\(name.printableText)\" failed \(error.logText)", exchange)
            }
        } catch {
            complain(error.message, exchange)
        }
    }

    /// Closes all files: they were moved away.
    func reopen() {
        entries = []
        places = [:]
    }

    private func complain(_ text: @autoclosure () -> String, _ exchange: Exchange) {
        let worker = exchange.worker
        guard let count = ration.admit(nowMs: worker.clock.nowMs) else { return }
        let more = count > 0 ? " (\(count) more like it before)" : ""
        worker.log(.crit, exchange, "\(text())\(more) while logging request")
    }

    /// Whether no variable has brought in a `..`: names are made of what clients send.
    private static func isInPlace(_ name: ByteBuffer, _ template: Template<Variable>) -> Bool {
        name.withReadable { climbs($0) } <= climbs(Array(template.source.utf8).span)
    }

    /// How many parts of a path are `..`.
    private static func climbs(_ path: Span<UInt8>) -> Int {
        var count = 0
        var length = 0
        var isDots = true
        for index in 0...path.count {
            if index == path.count || path[index] == UInt8(ascii: "/") {
                if length == 2 && isDots { count += 1 }
                length = 0
                isDots = true
            } else {
                length += 1
                if path[index] != UInt8(ascii: ".") { isDots = false }
            }
        }
        return count
    }

    /// As in nginx, a log is only written where the request's root exists; an `alias` that was served as a
    /// file is no folder.
    private func hasRoot(_ exchange: Exchange) -> Bool {
        if exchange.delivery.hasOpenedFile, exchange.routing.errorStatus == 0 { return true }
        let root = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(root) }
        FilePath.appendRoot(of: exchange, to: root)
        if let stamp = FileAccess.stamp(root), stamp.isDirectory { return true }
        complain("testing \"\(root.printableText)\" existence failed", exchange)
        return false
    }

    // MARK: Files that stay open

    private func file(_ path: ByteBuffer, _ exchange: Exchange) throws(FileError) -> AppendedFile {
        guard let settings = exchange.location.settings.logs.openLogs else { return try AppendedFile(path) }
        let nowMs = exchange.worker.clock.nowMs
        sweep(nowMs, settings)
        let key = path.withReadable { hash.hash($0) }
        guard let place = places[key], path.withReadable({ NamedLogs.isSame($0, entries[place].path) }) else {
            return try add(path, key, nowMs, settings)
        }
        entries[place].uses += 1
        entries[place].usedMs = nowMs
        if let file = entries[place].file {
            if nowMs - entries[place].checkedMs < settings.validMs { return file }
            entries[place].checkedMs = nowMs
            if file.isStill(at: path) { return file }
        }
        let file = try AppendedFile(path)
        entries[place].file = entries[place].uses >= settings.minUses ? file : nil
        entries[place].checkedMs = nowMs
        return file
    }

    private func add(
        _ path: ByteBuffer, _ key: UInt64, _ nowMs: Int64, _ settings: OpenLogSettings
    ) throws(FileError) -> AppendedFile {
        let file = try AppendedFile(path)
        if let other = places[key] { remove(at: other) }
        while entries.count >= settings.max { removeOldest() }
        places[key] = entries.count
        entries.append(
            Entry(
                key: key, path: path.bytes, file: settings.minUses <= 1 ? file : nil, uses: 1,
                checkedMs: nowMs, usedMs: nowMs))
        return file
    }

    /// Lets go of what nobody uses, once a second.
    private func sweep(_ nowMs: Int64, _ settings: OpenLogSettings) {
        guard nowMs - sweptMs >= 1000 else { return }
        sweptMs = nowMs
        for place in entries.indices.reversed() where nowMs - entries[place].usedMs > settings.inactiveMs {
            remove(at: place)
        }
    }

    private func removeOldest() {
        guard let oldest = entries.indices.min(by: { entries[$0].usedMs < entries[$1].usedMs }) else {
            return
        }
        remove(at: oldest)
    }

    private func remove(at place: Int) {
        places[entries[place].key] = nil
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[last.key] = place
    }

    private static func isSame(_ path: Span<UInt8>, _ known: [UInt8]) -> Bool {
        guard path.count == known.count else { return false }
        for index in path.indices where path[index] != known[index] { return false }
        return true
    }
}
