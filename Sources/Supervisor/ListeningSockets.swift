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
        var descriptors: [Int32]
    }

    private(set) var entries: [Entry] = []

    /// The variable that hands sockets to a new binary: `address=fd,fd;…`.
    static let inheritanceVariable = "PORTICO_SOCKETS"

    /// Sockets that a former binary left open for this one.
    static func inherited() -> ListeningSockets {
        var sockets = ListeningSockets()
        guard let text = getenv(inheritanceVariable).map({ String(cString: $0) }) else { return sockets }
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let address = SocketAddress.parse(String(sides[0]), defaultPort: 0) else {
                continue
            }
            let descriptors = sides[1].split(separator: ",").compactMap { Int32($0) }
            let reuseport = descriptors.count > 1
            sockets.entries.append(
                Entry(
                    address: address, options: ListenOptions(reuseport: reuseport), descriptors: descriptors))
        }
        unsetenv(inheritanceVariable)
        return sockets
    }

    /// What the next binary finds in its environment.
    var inheritance: String {
        entries.map { entry in
            "\(entry.address.text)=\(entry.descriptors.map(String.init).joined(separator: ","))"
        }.joined(separator: ";")
    }

    /// The sockets for `configuration`: those of `self` that it still wants, and new ones.
    ///
    /// Nothing of `self` is closed: the caller does that once the new configuration runs.
    /// - Throws: `bind() to … failed`, after five tries half a second apart, as nginx.
    func opened(for configuration: Configuration, workers: Int) throws(ConfigError) -> ListeningSockets {
        var result = ListeningSockets()
        var made: [Int32] = []
        for listener in configuration.listeners {
            let wanted = listener.options.reuseport ? workers : 1
            var descriptors = entries.first { $0.address == listener.address }?.descriptors ?? []
            while descriptors.count < wanted {
                do {
                    let descriptor = try bind(listener, isExtra: wanted > 1)
                    made.append(descriptor)
                    descriptors.append(descriptor)
                } catch {
                    for descriptor in made { Socket.close(descriptor) }
                    throw error
                }
            }
            result.entries.append(
                Entry(address: listener.address, options: listener.options, descriptors: descriptors))
        }
        return result
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

    private func bind(_ listener: ListenAddress, isExtra: Bool) throws(ConfigError) -> Int32 {
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
        let advice =
            last.code == EADDRINUSE ? "; another process listens there: stop it, or change \"listen\"" : ""
        throw ConfigError("bind() to \(listener.address.text) failed \(last.logText)\(advice)")
    }

    /// The descriptors that worker `index` serves, in the order of the configuration's listeners.
    func descriptors(forWorker index: Int) -> [Int32] {
        entries.map {
            $0.descriptors.count > 1 ? $0.descriptors[index % $0.descriptors.count] : $0.descriptors[0]
        }
    }

    /// Whether each worker has its sockets in the same way as before, for addresses that stay.
    func isDealtLike(_ former: ListeningSockets) -> Bool {
        entries.allSatisfy { entry in
            guard let old = former.entries.first(where: { $0.address == entry.address }) else { return true }
            return old.descriptors.count == entry.descriptors.count
        }
    }

    /// Closes the sockets that `successor` does not use.
    func closeUnused(by successor: ListeningSockets) {
        let kept = Set(successor.entries.flatMap(\.descriptors))
        for entry in entries {
            for descriptor in entry.descriptors where !kept.contains(descriptor) { Socket.close(descriptor) }
        }
    }

    /// - Parameter unlinking: nobody else serves the UNIX sockets: their names go as well.
    func closeAll(unlinking: Bool) {
        for entry in entries {
            for descriptor in entry.descriptors { Socket.close(descriptor) }
            if unlinking, case .unix(let path) = entry.address.kind { unlink(path) }
        }
    }
}
