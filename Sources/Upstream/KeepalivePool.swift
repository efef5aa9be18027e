public import Net

/// Idle connections of one worker to one group, at most as many as `keepalive` says.
///
/// The most recently used connection to a peer is taken first; the one that was idle longest gives way.
public final class KeepalivePool<Connection: AnyObject> {
    private struct Entry {
        let connection: Connection
        let address: Int
        let key: Int
    }

    private let capacity: Int
    private let tally: Tally?
    /// Oldest first. Short: a linear search is cheaper than any bookkeeping.
    private var entries: [Entry] = []

    /// A pool of at most `capacity` idle connections; 0 keeps none.
    ///
    /// - Parameter tally: says how many there are, for whoever looks; `nil`: nobody does.
    public init(capacity: Int, tally: Tally? = nil) {
        self.capacity = capacity
        self.tally = tally
        entries.reserveCapacity(min(capacity, 1024) + 1)
    }

    /// Idle connections in it.
    public var count: Int { entries.count }

    /// Takes a connection to an address out that was made under the same TLS settings (`key`).
    ///
    /// - Parameter address: the number of the group's first peer there.
    public func take(_ address: Int, key: Int) -> Connection? {
        var index = entries.count
        while index > 0 {
            index -= 1
            if entries[index].address == address && entries[index].key == key {
                tally?.add(.idle, -1)
                // Mostly it is the youngest.
                if index == entries.count - 1 { return entries.removeLast().connection }
                return entries.remove(at: index).connection
            }
        }
        return nil
    }

    /// Puts a connection in.
    ///
    /// - Returns: the one that had to give way, or `connection` itself if none is kept.
    public func put(_ connection: consuming Connection, address: Int, key: Int) -> Connection? {
        guard capacity > 0 else { return connection }
        entries.append(Entry(connection: connection, address: address, key: key))
        if entries.count > capacity { return entries.removeFirst().connection }
        tally?.add(.idle)
        return nil
    }

    /// Takes out a connection that ended while it was idle.
    public func remove(_ connection: Connection) {
        guard let index = entries.firstIndex(where: { $0.connection === connection }) else { return }
        entries.remove(at: index)
        tally?.add(.idle, -1)
    }

    /// Takes any connection out, for emptying the pool; `nil`: it is empty.
    public func removeAny() -> Connection? {
        guard let entry = entries.popLast() else { return nil }
        tally?.add(.idle, -1)
        return entry.connection
    }
}
