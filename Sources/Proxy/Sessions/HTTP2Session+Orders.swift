internal import Core
internal import HTTP
internal import Net

/// What a worker tells a connection, and asks of it.
extension HTTP2Session {
    /// Another configuration is in force. Requests that are under way go on under their own.
    func snapshotChanged() {
        if ClientCertificates.isOutdated(connection, in: worker.snapshot) { connection.outdate() }
        if streamCount == 0 { adoptSnapshot() }
        if connection.isOutdated { drain() }
    }

    /// Whether something of it goes by a former configuration.
    func uses(_ snapshot: Snapshot) -> Bool {
        for stream in streams where stream?.exchange?.snapshot === snapshot { return true }
        return false
    }

    /// Since when it has waited for its client with nothing under way; `nil`: it must not be closed for the
    /// sake of others.
    var idleSinceMs: Int64? {
        switch state {
        case .broken, .closed: nil
        case .lingering: connection.quietSinceMs
        case .serving where streamCount > 0, .leaving where streamCount > 0: nil
        case .serving, .leaving: connection.requestCount > 0 ? connection.quietSinceMs : connection.startedMs
        }
    }

    /// Closes, for the sake of others, unless the client has said something that no event told of yet.
    func giveWay() -> Bool {
        if isServing, transport.hasUnread { return false }
        worker.log(.info, connection, "client was closed while idle: its connection is needed")
        close()
        return true
    }
}
