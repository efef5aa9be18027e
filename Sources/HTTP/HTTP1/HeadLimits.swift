/// Limits of a request's head: `client_header_buffer_size`, `large_client_header_buffers` and others.
public struct HeadLimits: Sendable, Equatable {
    /// Bytes of the first buffer: `client_header_buffer_size`.
    public var clientHeaderBufferSize = 1024
    /// How many buffers may follow the first one: `large_client_header_buffers`.
    public var largeBufferCount = 4
    /// Bytes of each of them; no line may be longer.
    public var largeBufferSize = 8192
    /// Fields of one request; a bound that nginx takes from its `max_headers`.
    public var maxFields = 1000
    /// Fields whose names are not names are dropped rather than refused.
    public var ignoreInvalidHeaders = true
    /// `_` may stand in names.
    public var underscoresInHeaders = false

    /// nginx's defaults.
    public init() {}

    /// The same, but that names are left to be judged by the server that the whole head is for.
    public var admittingAllNames: HeadLimits {
        var limits = self
        limits.ignoreInvalidHeaders = false
        return limits
    }

    /// Whether a field whose name is odd in that way is taken.
    func admit(_ oddity: FieldLine.Oddity) -> Bool {
        switch oddity {
        case .none: true
        case .underscore: underscoresInHeaders || !ignoreInvalidHeaders
        case .token, .foreign: !ignoreInvalidHeaders
        }
    }
}

/// nginx's buffers for a head, counted without having them: which line goes where.
///
/// A line that does not fit in what is left of a buffer moves whole to the next one; one that does not
/// fit in a large buffer is refused.
struct LineBudget {
    /// Bytes left in the buffer under way; below 0: nothing was charged yet.
    private var left: Int32 = -1
    private var used: UInt32 = 0

    /// A line of `count` bytes, its end included, is there.
    ///
    /// - Returns: why it does not fit, if it does not.
    mutating func charge(_ count: Int, isFirst: Bool, _ limits: HeadLimits) -> HeadError? {
        let room = room(limits)
        guard count > room else {
            left = Int32(clamping: room - count)
            return nil
        }
        guard used < limits.largeBufferCount else { return isFirst ? .requestLineTooLong : .headTooLarge }
        guard count <= limits.largeBufferSize else { return isFirst ? .requestLineTooLong : .fieldTooLong }
        used += 1
        left = Int32(clamping: limits.largeBufferSize - count)
        return nil
    }

    private func room(_ limits: HeadLimits) -> Int { left < 0 ? limits.clientHeaderBufferSize : Int(left) }

    /// Why a line of which `count` bytes are here, but not its end, can never fit.
    ///
    /// Says the same as `charge` will for the whole line, only earlier.
    func judgeUnfinished(_ count: Int, isFirst: Bool, _ limits: HeadLimits) -> HeadError? {
        guard count >= room(limits) else { return nil }
        if used >= limits.largeBufferCount { return isFirst ? .requestLineTooLong : .headTooLarge }
        if count >= limits.largeBufferSize { return isFirst ? .requestLineTooLong : .fieldTooLong }
        return nil
    }
}
