internal import Core

/// What SETTINGS speak of: RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1.
public enum HTTP2Setting: UInt16, Sendable, CaseIterable {
    case headerTableSize = 0x1
    case enablePush = 0x2
    case maxConcurrentStreams = 0x3
    case initialWindowSize = 0x4
    case maxFrameSize = 0x5
    case maxHeaderListSize = 0x6
    case enableConnectProtocol = 0x8
    case noRFC7540Priorities = 0x9
}

/// What the other side's SETTINGS have said so far; from the start, RFC 9113's initial values.
public struct HTTP2Settings: Equatable, Sendable {
    /// Bytes that its decoder's table may take.
    public var headerTableSize: Int { Int(tableSize) }
    /// The smallest of those since the frame before: the table had no more for a while.
    public var smallestTableSize: Int { Int(smallestSize) }
    /// The window of streams that begin.
    public var initialWindowSize: Int { Int(windowSize) }
    /// Bytes of a frame's payload that it takes.
    public var maxFrameSize: Int { Int(frameSize) }
    /// Streams that it lets us have at a time; `nil`: it did not say. Only clients begin any.
    public var maxConcurrentStreams: Int? { streamsMax.map { Int($0) } }
    /// Bytes of a head that it takes, as §6.5.2 counts them; `nil`: it did not say.
    public var maxHeaderListSize: Int? { headSizeMax.map { Int($0) } }

    // As they come: every idle connection has them.

    private var tableSize: UInt32 = 4096
    private var smallestSize: UInt32 = 4096
    private var windowSize: UInt32 = 65_535
    private var frameSize = UInt32(FrameHeader.smallestSizeMax)
    private var streamsMax: UInt32?
    private var headSizeMax: UInt32?
    /// It would have streams pushed to it, which only a client may want.
    private(set) var enablesPush = false

    /// The initial values.
    public init() {}

    /// Takes the values of a SETTINGS frame, in order; unknown ones are ignored.
    ///
    /// - Throws: what RFC 9113 §6.5.2 has for a value that is out of range.
    public mutating func take(_ payload: Span<UInt8>) throws(HTTP2Fault) {
        var position = 0
        smallestSize = tableSize
        while position + 6 <= payload.count {
            let name = UInt16(payload[position]) << 8 | UInt16(payload[position + 1])
            let value = FrameHeader.number(payload, at: position + 2)
            position += 6
            guard let setting = HTTP2Setting(rawValue: name) else { continue }
            try set(setting, value)
        }
    }

    private mutating func set(_ setting: HTTP2Setting, _ value: UInt32) throws(HTTP2Fault) {
        switch setting {
        case .headerTableSize:
            tableSize = value
            smallestSize = min(smallestSize, value)
        case .initialWindowSize:
            guard value <= FlowWindow.sizeMax else { throw .connection(.flowControlError) }
            windowSize = value
        case .maxFrameSize:
            guard (FrameHeader.smallestSizeMax...0xFF_FFFF).contains(Int(value)) else {
                throw .connection(.protocolError)
            }
            frameSize = value
        case .enablePush:
            guard value <= 1 else { throw .connection(.protocolError) }
            enablesPush = value == 1
        case .enableConnectProtocol, .noRFC7540Priorities:
            guard value <= 1 else { throw .connection(.protocolError) }
        case .maxConcurrentStreams:
            streamsMax = value
        case .maxHeaderListSize:
            headSizeMax = value
        }
    }
}

/// How many bytes of content may still be sent one way: RFC 9113 §5.2, §6.9.
public struct FlowWindow: Equatable, Sendable {
    /// No window may become larger.
    public static var sizeMax: Int { 0x7FFF_FFFF }

    /// Below zero after the initial size was lowered: §6.9.2.
    public private(set) var size: Int

    /// A window of `size` bytes.
    public init(_ size: Int) {
        self.size = size
    }

    /// Opens or, where an initial size is lowered, closes it by `amount`.
    ///
    /// - Returns: whether it stays within its bounds.
    public mutating func move(by amount: Int) -> Bool {
        let sum = size.saturatingSum(amount)
        guard sum <= FlowWindow.sizeMax else { return false }
        size = sum
        return true
    }

    /// Takes content from it.
    ///
    /// - Returns: whether there was room for so much.
    public mutating func take(_ count: Int) -> Bool {
        guard count <= size else { return false }
        size -= count
        return true
    }
}

/// What all streams of a connection together may still receive, and how much of it came. RFC 9113 §6.9.
struct ReceiveWindow {
    private var window: FlowWindow
    /// Bytes received since it was opened last.
    private(set) var uncreditedCount = 0

    init(_ size: Int) { window = FlowWindow(size) }

    /// A frame of content came; its padding counts.
    mutating func take(_ count: Int) throws(HTTP2Fault) {
        guard window.take(count) else { throw .connection(.flowControlError) }
        uncreditedCount += count
    }

    /// Opens it by what came in.
    mutating func credit(_ out: ByteBuffer) {
        guard window.move(by: uncreditedCount) else { return }
        FrameWriter.windowUpdate(0, by: uncreditedCount, to: out)
        uncreditedCount = 0
    }

    /// Opens it as wide as `size`, at the connection's beginning.
    mutating func widen(to size: Int, _ out: ByteBuffer) {
        let more = size - window.size
        if more > 0, window.move(by: more) { FrameWriter.windowUpdate(0, by: more, to: out) }
    }
}
