internal import Core

/// What a frame is about: RFC 9113 §6, and RFC 9218 §7.1.
public enum FrameKind: UInt8, Sendable, CaseIterable {
    case data = 0x0
    case headers = 0x1
    case priority = 0x2
    case resetStream = 0x3
    case settings = 0x4
    case pushPromise = 0x5
    case ping = 0x6
    case goAway = 0x7
    case windowUpdate = 0x8
    case continuation = 0x9
    case priorityUpdate = 0x10
    /// Any other: read over, RFC 9113 §5.5.
    case other = 0xFF
}

/// The flags that kinds of frames give a meaning; all others are ignored.
public struct FrameFlags: OptionSet, Sendable {
    /// As it stands in the header.
    public let rawValue: UInt8

    /// For `OptionSet`.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// DATA, HEADERS: nothing follows on the stream.
    public static let endStream = FrameFlags(rawValue: 0x1)
    /// SETTINGS, PING: an answer.
    public static let ack = FrameFlags(rawValue: 0x1)
    /// HEADERS, CONTINUATION: the field block ends here.
    public static let endHeaders = FrameFlags(rawValue: 0x4)
    /// DATA, HEADERS: padding follows, its length comes first.
    public static let padded = FrameFlags(rawValue: 0x8)
    /// HEADERS: RFC 7540's priority comes first.
    public static let priority = FrameFlags(rawValue: 0x20)
}

/// The nine bytes that every frame begins with: RFC 9113 §4.1.
public struct FrameHeader: Equatable, Sendable {
    /// Bytes of a header.
    public static var byteCount: Int { 9 }
    /// The smallest SETTINGS_MAX_FRAME_SIZE, which is also what we take: RFC 9113 §6.5.2.
    public static var smallestSizeMax: Int { 16_384 }

    /// Bytes of the payload.
    public var length: Int
    /// What the frame is about.
    public var kind: FrameKind
    /// What the kind gives a meaning.
    public var flags: FrameFlags
    /// Without the reserved bit. 0: the connection.
    public var streamID: UInt32

    /// A header with these values.
    public init(length: Int, kind: FrameKind, flags: FrameFlags = [], streamID: UInt32 = 0) {
        self.length = length
        self.kind = kind
        self.flags = flags
        self.streamID = streamID
    }

    /// The header that `bytes` begin with; `nil`: there are fewer than nine.
    public static func read(_ bytes: Span<UInt8>) -> FrameHeader? {
        guard bytes.count >= byteCount else { return nil }
        let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        return FrameHeader(
            length: length, kind: FrameKind(rawValue: bytes[3]) ?? .other,
            flags: FrameFlags(rawValue: bytes[4]), streamID: number(bytes, at: 5) & 0x7FFF_FFFF)
    }

    /// The 32 bits at `position`; what is not there counts as zeros.
    public static func number(_ bytes: Span<UInt8>, at position: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in position..<(position + 4) {
            value = value << 8 | (index < bytes.count ? UInt32(bytes[index]) : 0)
        }
        return value
    }

    /// What is wrong with a frame that its header alone shows, whichever side sent it.
    public func fault() -> HTTP2Fault? {
        // §4.2 leaves a stream error to some kinds; who sends too much once does it again.
        guard length <= FrameHeader.smallestSizeMax else { return .connection(.frameSizeError) }
        if let fault = placeFault { return .connection(fault) }
        return sizeFault
    }

    /// Kinds that are about a stream need one, kinds about the connection must have none.
    private var placeFault: HTTP2ErrorCode? {
        switch kind {
        case .data, .headers, .priority, .resetStream, .continuation:
            streamID == 0 ? .protocolError : nil
        case .settings, .ping, .goAway, .priorityUpdate:
            streamID != 0 ? .protocolError : nil
        case .pushPromise:
            // A client cannot push, and a server was told not to: RFC 9113 §8.4.
            .protocolError
        case .windowUpdate, .other:
            nil
        }
    }

    private var sizeFault: HTTP2Fault? {
        let isSound: Bool =
            switch kind {
            case .data: length >= (flags.contains(.padded) ? 1 : 0)
            case .headers:
                length >= (flags.contains(.padded) ? 1 : 0) + (flags.contains(.priority) ? 5 : 0)
            case .priority: length == 5
            case .resetStream, .windowUpdate: length == 4
            case .settings: flags.contains(.ack) ? length == 0 : length % 6 == 0
            case .ping: length == 8
            case .goAway: length >= 8
            case .priorityUpdate: length >= 4
            case .pushPromise, .continuation, .other: true
            }
        guard !isSound else { return nil }
        // §6.3: of PRIORITY only, since nothing else depends on it.
        return kind == .priority ? .stream(.frameSizeError) : .connection(.frameSizeError)
    }

    /// What stands in a DATA or HEADERS frame between the padding's length, a priority and the padding.
    ///
    /// - Returns: a part of the payload, by its own positions.
    /// - Throws: PROTOCOL_ERROR where the padding is longer than the frame: RFC 9113 §6.1, §6.2.
    public func content(of payload: Span<UInt8>) throws(HTTP2Fault) -> Range<Int> {
        var start = 0
        var padding = 0
        if flags.contains(.padded) {
            guard payload.count > 0 else { throw .connection(.frameSizeError) }
            padding = Int(payload[0])
            start = 1
        }
        if kind == .headers, flags.contains(.priority) { start += 5 }
        guard start <= payload.count, padding <= payload.count - start else {
            throw .connection(.protocolError)
        }
        return start..<(payload.count - padding)
    }
}
