/// Why a stream or a connection ends, as RST_STREAM and GOAWAY say it: RFC 9113 §7.
public enum HTTP2ErrorCode: UInt32, Error, Sendable, CaseIterable {
    case noError = 0x0
    case protocolError = 0x1
    case internalError = 0x2
    case flowControlError = 0x3
    case settingsTimeout = 0x4
    case streamClosed = 0x5
    case frameSizeError = 0x6
    case refusedStream = 0x7
    case cancel = 0x8
    case compressionError = 0x9
    case connectError = 0xA
    case enhanceYourCalm = 0xB
    case inadequateSecurity = 0xC
    case http11Required = 0xD

    /// As logs name it.
    public var name: StaticString {
        switch self {
        case .noError: "NO_ERROR"
        case .protocolError: "PROTOCOL_ERROR"
        case .internalError: "INTERNAL_ERROR"
        case .flowControlError: "FLOW_CONTROL_ERROR"
        case .settingsTimeout: "SETTINGS_TIMEOUT"
        case .streamClosed: "STREAM_CLOSED"
        case .frameSizeError: "FRAME_SIZE_ERROR"
        case .refusedStream: "REFUSED_STREAM"
        case .cancel: "CANCEL"
        case .compressionError: "COMPRESSION_ERROR"
        case .connectError: "CONNECT_ERROR"
        case .enhanceYourCalm: "ENHANCE_YOUR_CALM"
        case .inadequateSecurity: "INADEQUATE_SECURITY"
        case .http11Required: "HTTP_1_1_REQUIRED"
        }
    }
}

/// What a frame broke: all of the connection (GOAWAY), or its own stream (RST_STREAM). RFC 9113 §5.4.
public enum HTTP2Fault: Error, Equatable, Sendable {
    case connection(HTTP2ErrorCode)
    case stream(HTTP2ErrorCode)

    /// What the other side is told.
    var code: HTTP2ErrorCode {
        switch self {
        case .connection(let code), .stream(let code): code
        }
    }
}
