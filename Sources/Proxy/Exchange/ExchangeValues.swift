internal import Core

/// Values of variables that are made once for a request, or set by it. Their memory is used again.
final class ExchangeValues {
    /// Values of `set` and named captures, by index. Empty at the start of a request.
    var user: [UserValue] = []
    /// Values of `map`, `geo` and `split_clients` that were made for this request, by index.
    private var made: [UserValue] = []
    /// Which those are.
    private var madeIndices: [Int] = []
    /// The last successful match of a regular expression: `$1`…
    var captures = Captures()
    /// How many computed values are being made inside each other; they end early once there were too many.
    var depth = 0
    var isCut = false
    /// `$remote_user`: the user name in the Authorization field, if it is well formed.
    let remoteUser = ByteBuffer(capacity: 0)
    /// `$request_id`, made when first asked for.
    let requestID = ByteBuffer(capacity: 0)
    /// `$trace_id` and its kin; kept for the next request once there was something.
    private var span: TraceSpan?

    /// The same, to be filled by the first who asks.
    var spanToFill: TraceSpan {
        if let span { return span }
        let made = TraceSpan()
        span = made
        return made
    }

    /// `userid`, once it was asked for.
    var userIDs: UserIDs?

    /// The value of a `set` variable.
    struct UserValue {
        private(set) var isSet = false
        private(set) var bytes: [UInt8] = []

        mutating func set(_ value: Span<UInt8>) {
            isSet = true
            bytes.removeAll(keepingCapacity: true)
            bytes.append(value)
        }

        mutating func set(_ other: UserValue) {
            isSet = true
            bytes.removeAll(keepingCapacity: true)
            bytes.append(contentsOf: other.bytes)
        }

        mutating func clear() {
            isSet = false
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1024)
        }
    }

    /// There are so many variables in the configuration in force.
    func makeRoom(for count: Int) {
        guard user.count < count else { return }
        user.append(contentsOf: repeatElement(UserValue(), count: count - user.count))
    }

    /// Gives the variable at `index` a value.
    func set(_ index: Int, _ value: ByteBuffer) {
        guard user.indices.contains(index) else { return }
        value.withReadable { user[index].set($0) }
    }

    private func makeRoom(forMade index: Int) {
        guard made.count <= index else { return }
        made.append(contentsOf: repeatElement(UserValue(), count: index + 1 - made.count))
    }

    /// Appends a value that was made before, if it was.
    func appendMade(_ index: Int, to out: ByteBuffer) -> Bool {
        guard index < made.count, made[index].isSet else { return false }
        out.append(made[index].bytes)
        return true
    }

    /// Keeps a value that was made: it stands in `source`.
    func keepMade(_ index: Int, _ value: Slice, of source: ByteBuffer) {
        makeRoom(forMade: index)
        source.withBytes(of: value) { made[index].set($0) }
        madeIndices.append(index)
    }

    /// Takes over what belongs to the client's request and those made for it together, as in nginx: the
    /// variables that were set, and the request's number.
    func takeVariables(of other: ExchangeValues) {
        makeRoom(for: other.user.count)
        for index in other.user.indices where other.user[index].isSet {
            user[index].set(other.user[index])
        }
        for index in other.madeIndices where index >= made.count || !made[index].isSet {
            makeRoom(forMade: index)
            made[index].set(other.made[index])
            madeIndices.append(index)
        }
        if let begun = other.span, begun.isKnown, span?.isKnown != true { spanToFill.take(over: begun) }
        guard requestID.isEmpty else { return }
        requestID.append(contentsOf: other.requestID)
    }

    private func forgetMade() {
        for index in madeIndices { made[index].clear() }
        madeIndices.removeAll(keepingCapacity: true)
    }

    /// Forgets the values; keeps the memory.
    func reset() {
        for index in user.indices where user[index].isSet { user[index].clear() }
        if !madeIndices.isEmpty { forgetMade() }
        captures.reset()
        if userIDs != nil { userIDs = nil }
        remoteUser.removeAll()
        requestID.removeAll()
        if let span, span.isKnown { span.reset() }
    }
}
