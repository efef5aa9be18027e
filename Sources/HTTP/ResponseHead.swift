public import Core

/// What the head of a peer's response says, whatever protocol it came by.
///
/// It holds its own bytes. Made by `HTTP1ResponseParser`, or of a field block of HTTP/2. Recycled: `reset`
/// forgets, the memory stays.
public final class ResponseHead {
    /// 100–999.
    public internal(set) var status: UInt16 = 0
    /// What `reason`, the names and the values of `fields` are positions in.
    public let bytes = ByteBuffer(capacity: 0)
    /// The reason phrase; may be empty.
    public internal(set) var reason = Slice()
    /// The protocol that it came by.
    public internal(set) var version = HTTPVersion.http10
    /// In the order they came in; none before the head is complete.
    public internal(set) var fields = FieldList()
    /// What is said of the content: nothing, its length, or that it comes in chunks.
    public internal(set) var content = ContentLength.none
    /// What `Connection` says.
    public internal(set) var connection: ConnectionOptions = []
    /// The value of `Upgrade`.
    public internal(set) var upgrade: Slice?
    /// Something was put in since the last `reset`: it is called more than once a request.
    var isUsed = false

    /// A head with room for what gateways usually send.
    public init() {}

    /// Forgets the head for the next one.
    public func reset() {
        guard isUsed else { return }
        isUsed = false
        status = 0
        reason = Slice()
        version = .http10
        bytes.removeAll()
        fields.removeAll()
        content = .none
        connection = []
        upgrade = nil
    }

    /// Whether `Connection` names a field that stands elsewhere: it is for one hop only, RFC 9110 §7.6.1.
    public func isConnectionNamed(_ name: Slice, of source: ByteBuffer) -> Bool {
        guard fields.mayHold(.connection) else { return false }
        return source.withBytes(of: name) { name in
            bytes.withReadable { ConnectionOptions.names(name, bytes: $0, fields) }
        }
    }

    /// The first field with a known name.
    public func firstField(_ known: FieldName) -> Field? {
        guard fields.mayHold(known) else { return nil }
        for index in fields.indices where fields[index].known == known { return fields[index] }
        return nil
    }
}

// MARK: HTTP/1

extension ResponseHead {
    /// Where the content ends. RFC 9112 §6.3.
    ///
    /// - Parameter method: of the request that this answers.
    public func framing(requestMethod method: Method) -> BodyFraming {
        if method == .head || status < 200 || status == 204 || status == 304 { return .none }
        return switch content {
        case .unknown: .chunked
        case .known(let length): .length(length)
        case .none: .untilClose
        }
    }

    /// The connection may serve another request behind the content. RFC 9112 §9.3.
    public var keepsConnection: Bool { version >= .http11 && !connection.contains(.close) }
}
