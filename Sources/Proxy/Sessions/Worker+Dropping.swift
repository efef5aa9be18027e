internal import Core
internal import Net

/// What came of dropping what a client still sends.
enum Dropping {
    /// All that was there is dropped.
    case pauses
    /// There may be more: others come first.
    case goesOn
    /// The client is done, or gone.
    case ends
}

/// Bytes that nobody wants, after the last response.
extension Worker {
    /// Most bytes that are dropped for one client in a turn.
    private static var droppedMax: Int { 256 << 10 }

    /// Reads what is there and forgets it, so that the client gets to read its response.
    func dropReceived(from transport: Transport) -> Dropping {
        var received = 0
        while transport.isReadable {
            guard received < Worker.droppedMax else { return .goesOn }
            relay.removeAll()
            switch transport.receive(into: relay, atLeast: 4096) {
            case .bytes(let count): received += count
            case .wouldBlock: continue
            case .closed, .failed: return .ends
            }
        }
        return .pauses
    }
}
