internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// The bound sockets of a configuration: they outlive workers, reloads and the binary itself.
struct ListeningSockets {
    /// One socket for all workers, or one for each worker (`reuseport`).
    struct Entry {
        let address: SocketAddress
        let options: ListenOptions
        /// `closed` where a worker has none any more.
        var descriptors: [Int32]
        /// The name of a UNIX socket; `nil`: it has none, or it is gone.
        var file: SocketFile?
    }

    /// In the place of a descriptor: a worker that cannot be started leaves nobody to serve its socket.
    private static var closed: Int32 { -1 }

    private(set) var entries: [Entry] = []

    /// The variable that hands sockets to a new binary: `address=fd,fd;…`, where `%`, `=` and `;` in a path
    /// are percent-encoded. `kept` among the descriptors: the name of the UNIX socket is somebody else's.
    static let inheritanceVariable = "PORTICO_SOCKETS"

    /// Sockets that a former binary left open for this one; `nil`: it was not started by one.
    static func inherited() -> ListeningSockets? {
        guard let text = getenv(inheritanceVariable).map({ String(cString: $0) }) else { return nil }
        unsetenv(inheritanceVariable)
        var sockets = ListeningSockets()
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            let descriptors = sides[1].split(separator: ",").compactMap { Int32($0) }
            for fd in descriptors { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
            guard let address = SocketAddress.parse(decoded(sides[0]), defaultPort: 0), !descriptors.isEmpty
            else { continue }
            let reuseport = descriptors.count > 1
            sockets.entries.append(
                Entry(
                    address: address, options: ListenOptions(reuseport: reuseport), descriptors: descriptors,
                    file: sides[1].hasSuffix(kept) ? nil : SocketFile(of: address, origin: .inherited)))
        }
        return sockets
    }

    /// What the next binary finds in its environment.
    var inheritance: String {
        entries.map { entry in
            let open = entry.descriptors.filter { $0 != ListeningSockets.closed }
            let descriptors = open.map(String.init).joined(separator: ",")
            var mark = ""
            if case .unix = entry.address.kind, entry.file == nil { mark = ListeningSockets.kept }
            return "\(ListeningSockets.encoded(entry.address.text))=\(descriptors)\(mark)"
        }.joined(separator: ";")
    }

    private static var kept: String { ",kept" }

    private static func encoded(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("=", with: "%3D").replacing(";", with: "%3B")
    }

    private static func decoded(_ text: Substring) -> String {
        String(text).replacing("%3B", with: ";").replacing("%3D", with: "=").replacing("%25", with: "%")
    }

    /// Takes a socket in that somebody else has bound; several of one address are `reuseport`'s.
    mutating func add(_ fd: Int32, at address: SocketAddress) {
        guard let index = entries.firstIndex(where: { $0.address == address }) else {
            return entries.append(
                Entry(address: address, options: ListenOptions(), descriptors: [fd], file: nil))
        }
        entries[index].descriptors.append(fd)
    }

    // MARK: Opening

    /// The sockets for `configuration`: those of `self` that it still wants, and new ones.
    ///
    /// Nothing of `self` is closed: the caller does that once the new configuration runs.
    /// - Throws: `bind() to … failed`, after five tries half a second apart, as nginx; nothing new is left
    ///   then.
    func opened(for configuration: Configuration, workers: Int) throws(ConfigError) -> ListeningSockets {
        var result = ListeningSockets()
        do throws(ConfigError) {
            for listener in configuration.listeners {
                try result.append(listener, count: listener.options.reuseport ? workers : 1, from: self)
            }
        } catch {
            for file in result.closeUnused(by: self) { file.remove() }
            for entry in entries where !entry.options.reuseport { entry.shareNoMore() }
            throw error
        }
        return result
    }

    /// Takes over the sockets of `former` for an address, as many of them as are wanted, and binds others.
    private mutating func append(
        _ listener: ListenAddress, count: Int, from former: ListeningSockets
    ) throws(ConfigError) {
        let known = former.entries.first { $0.address == listener.address }
        let index = entries.count
        entries.append(
            Entry(
                address: listener.address, options: listener.options,
                descriptors: Array(known?.descriptors.prefix(count) ?? []), file: known?.file))
        // One that was bound without it keeps others from being bound beside it.
        if listener.options.reuseport { entries[index].share() }
        for place in 0..<count {
            if place == entries[index].descriptors.count {
                entries[index].descriptors.append(ListeningSockets.closed)
            }
            if entries[index].descriptors[place] == ListeningSockets.closed {
                entries[index].descriptors[place] = try bind(listener)
                if entries[index].file == nil {
                    entries[index].file = SocketFile(of: listener.address, origin: .bound)
                }
            }
        }
    }

    /// Makes the sockets of `former` that are used again listen as the configuration says now.
    ///
    /// - Returns: what of it cannot be done while they are open, for a warning each.
    func adapt(from former: ListeningSockets) -> [String] {
        let kept = Set(former.entries.flatMap(\.descriptors))
        return entries.flatMap { entry in
            let held = Set(
                entry.descriptors.filter { kept.contains($0) }.flatMap {
                    Socket.adapt($0, entry.address, entry.options)
                })
            return held.sorted().map {
                "\"\($0)\" of \(entry.address.text) stays as it was until the next start"
            }
        }
    }

    /// Whether the addresses could be bound, for `-t`. One that is in use is most likely our own.
    static func check(_ configuration: Configuration) throws(ConfigError) {
        for listener in configuration.listeners {
            // Binding a path would leave it behind.
            if case .unix = listener.address.kind { continue }
            do throws(Errno) {
                Socket.close(try Socket.listen(listener.address, listener.options))
            } catch {
                guard error.code != EADDRINUSE else { continue }
                throw ConfigError("bind() to \(listener.address.text) failed \(error.logText)")
            }
        }
    }

    private func bind(_ listener: ListenAddress) throws(ConfigError) -> Int32 {
        ListeningSockets.removeAbandoned(listener)
        var last = Errno(code: EADDRINUSE)
        for attempt in 0..<5 {
            if attempt > 0 { usleep(500_000) }
            do {
                return try Socket.listen(listener.address, listener.options)
            } catch {
                last = error
                if error.code != EADDRINUSE { break }
            }
        }
        let advice = last.code == EADDRINUSE ? ListeningSockets.advice(listener.address) : ""
        throw ConfigError("bind() to \(listener.address.text) failed \(last.logText)\(advice)")
    }

    /// A socket that was its owner's alone is in nobody's way when whoever listened there was killed.
    private static func removeAbandoned(_ listener: ListenAddress) {
        var status = stat()
        guard case .unix(let path) = listener.address.kind, listener.options.mode & 0o077 == 0,
            lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK
        else { return }
        switch Socket.connect(listener.address, from: nil) {
        case .failed(let errno): if errno.code == ECONNREFUSED { unlink(path) }
        case .connected(let fd), .inProgress(let fd): Socket.close(fd)
        }
    }

    /// What is to be done where an address is in use. The name of a unix socket outlives who listened there.
    private static func advice(_ address: SocketAddress) -> String {
        if case .unix(let path) = address.kind {
            switch Socket.connect(address, from: nil) {
            case .failed(let errno) where errno.code == ECONNREFUSED:
                return "; nobody listens there any more: remove \"\(path)\", or change \"listen\""
            case .failed: break
            case .connected(let fd), .inProgress(let fd): Socket.close(fd)
            }
        }
        return "; another process listens there: stop it, or change \"listen\""
    }

    // MARK: Dealing

    /// The descriptors that worker `index` serves, in the order of the configuration's listeners.
    func descriptors(forWorker index: Int) -> [Int32] {
        entries.compactMap {
            $0.descriptors.isEmpty ? nil : $0.descriptors[index % $0.descriptors.count]
        }
    }

    /// Whether each worker has its sockets in the same way as before, for addresses that stay.
    func isDealtLike(_ former: ListeningSockets) -> Bool {
        entries.allSatisfy { entry in
            guard let old = former.entries.first(where: { $0.address == entry.address }) else { return true }
            return old.descriptors.count == entry.descriptors.count
        }
    }

    // MARK: Closing

    /// Closes the sockets that `successor` does not use.
    ///
    /// - Returns: names that belong to none of the successor's.
    func closeUnused(by successor: ListeningSockets) -> [SocketFile] {
        close(except: Set(successor.entries.flatMap(\.descriptors)))
        let addresses = Set(successor.entries.map(\.address))
        return entries.filter { !addresses.contains($0.address) }.compactMap(\.file)
    }

    /// Closes what is not worker `index`'s, in that worker: as long as one process has a socket, the kernel
    /// gives clients to it, whether anybody serves it or not.
    func closeOthers(than index: Int) {
        close(except: Set(descriptors(forWorker: index)))
    }

    private func close(except kept: Set<Int32>) {
        for descriptor in entries.flatMap(\.descriptors) where !kept.contains(descriptor) {
            Socket.close(descriptor)
        }
    }

    /// Closes the sockets that worker `index` alone serves, as it will not come back.
    mutating func giveUp(worker index: Int) {
        for entry in entries.indices where entries[entry].descriptors.count > 1 {
            let place = index % entries[entry].descriptors.count
            Socket.close(entries[entry].descriptors[place])
            entries[entry].descriptors[place] = ListeningSockets.closed
        }
    }

    /// Closes all of them, once: their numbers may be another's afterwards.
    mutating func close() {
        for index in entries.indices {
            for descriptor in entries[index].descriptors { Socket.close(descriptor) }
            entries[index].descriptors = []
        }
    }

    /// Gives the names away: to be removed, or left to whoever serves them.
    mutating func takeFiles() -> [SocketFile] {
        let files = entries.compactMap(\.file)
        for index in entries.indices { entries[index].file = nil }
        return files
    }
}

/// The name of a UNIX socket in the file system.
struct SocketFile {
    /// Whose socket it is.
    enum Origin {
        case bound
        /// A former master's, which may live and serve it.
        case inherited
    }

    let origin: Origin
    private let path: String
    private let stamp: FileStamp

    /// The file as it is now; `nil`: the address is another kind's, or there is no file.
    init?(of address: SocketAddress, origin: Origin) {
        guard case .unix(let path) = address.kind, let stamp = FileAccess.stamp(path) else { return nil }
        self.origin = origin
        self.path = path
        self.stamp = stamp
    }

    /// Removes it, unless somebody else has bound a socket of this name meanwhile.
    func remove() {
        if FileAccess.stamp(path) == stamp { unlink(path) }
    }
}

extension ListeningSockets.Entry {
    /// Other sockets may be bound beside these.
    fileprivate func share() {
        for descriptor in descriptors { Socket.setReuseport(descriptor, true) }
    }

    /// No others may be bound beside these.
    fileprivate func shareNoMore() {
        for descriptor in descriptors { Socket.setReuseport(descriptor, false) }
    }
}
