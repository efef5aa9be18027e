import Core

/// A request that waits for its answer.
struct PendingRequest {
    let dueUs: Int64
    let sentUs: Int64
}

/// What is said on one connection of the generator, by one protocol or another.
protocol LoadDialogue: AnyObject {
    /// Requests without an answer.
    var pendingCount: Int { get }
    /// It takes another request.
    var hasRoom: Bool { get }
    /// All is said: another request needs another connection.
    var isOver: Bool { get }

    /// A connection begins; what was said on the one before is forgotten.
    func begin(_ output: ByteBuffer)
    /// Writes the request whose turn it is.
    func ask(_ request: PendingRequest, _ output: ByteBuffer)
    /// Takes the next piece of what came from the front of `input`.
    func next(_ input: ByteBuffer, _ output: ByteBuffer) -> LoadEvent
    /// The server closed the connection: says what was made whole by that.
    func closed() -> LoadEvent
    /// A request that will have no answer on this connection; `nil`: there are no more of them.
    func popPending() -> PendingRequest?
}

/// What came of the bytes of a connection.
enum LoadEvent {
    /// More of them are needed.
    case needsMore
    /// It is not what was to be spoken.
    case broken
    /// Nothing that a request waits for.
    case handled
    case answered(PendingRequest, status: UInt16)
    /// The server gave a request up.
    case lost(PendingRequest)
    /// The server has not looked at a request: it can be sent again.
    case refused(PendingRequest)
}
