/// Connections that many requests share: who wants one finds it here, from its making on and as long as it
/// takes more. Those without requests wait in the pool like others.
extension UpstreamGroups {
    /// A connection that has room for another request: of those to the server, the one that has most, so
    /// that requests spread evenly.
    ///
    /// - Returns: `nil`: a new one has to be made.
    public func takeShared(
        _ group: PeerGroup, peer: Int, for request: Endpoint.User.Request
    ) -> PeerConnection<Endpoint>? {
        guard isCurrent(group) else { return nil }
        let key = request.connectionKey(in: group)
        let address = group.peers[peer].addressIndex
        var roomiest: PeerConnection<Endpoint>?
        var most = 0
        for connection in sharedConnections[group.index]
        where connection.addressIndex == address && connection.key == key && connection.room > most {
            most = connection.room
            roomiest = connection
        }
        if let roomiest {
            roomiest.move(to: group, peerIndex: peer)
            return roomiest
        }
        while let connection = pool(of: group).take(address, key: key) {
            connection.move(to: group, peerIndex: peer)
            connection.connector.cancel(connection.readTimer)
            if wakes(connection) { return connection }
        }
        return nil
    }

    /// Whether a connection that was idle is of use: what has come in the meantime may end it.
    private func wakes(_ connection: PeerConnection<Endpoint>) -> Bool {
        connection.state = .shared
        let isAwake = connection.sharer?.wake() ?? false
        guard case .shared = connection.state else { return false }
        guard isAwake, connection.room > 0 else {
            connection.close()
            return false
        }
        sharedConnections[connection.group.index].append(connection)
        return true
    }

    /// Lets others find a connection.
    ///
    /// - Returns: false: it belongs to a group that new requests are not given.
    func share(_ connection: PeerConnection<Endpoint>) -> Bool {
        guard isCurrent(connection.group) else { return false }
        sharedConnections[connection.group.index].append(connection)
        return true
    }

    /// Nobody else is to find the connection.
    func unshare(_ connection: PeerConnection<Endpoint>) {
        let index = connection.group.index
        guard sharedConnections.indices.contains(index) else { return }
        sharedConnections[index].removeAll { $0 === connection }
    }

    /// Shared connections go on under the new numbers of their servers; those that nobody here wants are
    /// given no more requests.
    func takeOverShared(at index: Int, from former: UpstreamGroups<Endpoint>) {
        let connections = former.sharedConnections[index]
        guard !connections.isEmpty else { return }
        former.sharedConnections[index] = []
        for connection in connections {
            if accepts(connection) {
                sharedConnections[connection.group.index].append(connection)
            } else {
                connection.sharer?.retire()
            }
        }
    }
}
