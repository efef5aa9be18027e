internal import Net
public import Sharing

/// Idle connections of one worker to one group, at most as many as `keepalive` says.
///
/// The most recently used connection to a peer is taken first; the one that was idle longest gives way. More
/// may be in it for a moment: who has put some in calls `removeExcess` when those who want one had theirs.
public final class KeepalivePool<Connection: AnyObject> {
    private struct Entry {
        let connection: Connection
        let address: Int
        let key: ConnectionKey
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

    /// Takes a connection to an address out that was made as `key` says.
    ///
    /// - Parameter address: the number of the group's first peer there.
    public func take(_ address: Int, key: ConnectionKey) -> Connection? {
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
    public func put(_ connection: consuming Connection, address: Int, key: ConnectionKey) {
        entries.append(Entry(connection: connection, address: address, key: key))
        tally?.add(.idle)
    }

    /// More are in it than are to be kept.
    public var hasExcess: Bool { entries.count > capacity }

    /// Takes out the one that was idle longest, if there are too many.
    public func removeExcess() -> Connection? { hasExcess ? removeOldest() : nil }

    /// Takes out the one that was idle longest; `nil`: it is empty.
    public func removeOldest() -> Connection? {
        guard !entries.isEmpty else { return nil }
        tally?.add(.idle, -1)
        return entries.removeFirst().connection
    }

    /// Takes out a connection that ended while it was idle.
    public func remove(_ connection: Connection) {
        guard let index = entries.firstIndex(where: { $0.connection === connection }) else { return }
        entries.remove(at: index)
        tally?.add(.idle, -1)
    }

    /// Takes any connection out, for emptying the pool; `nil`: it is empty.
    func removeAny() -> Connection? {
        guard let entry = entries.popLast() else { return nil }
        tally?.add(.idle, -1)
        return entry.connection
    }
}

extension KeepalivePool {
    /// Closes those that are too many.
    func closeExcess<Endpoint>() where Connection == PeerConnection<Endpoint> {
        while let connection = removeExcess() { connection.close() }
    }
}
