internal import COpenSSL

/// Something that OpenSSL refused, or a handshake that failed, in nginx's words.
public struct TLSError: Error, Equatable, Sendable {
    /// For logs: `(SSL: error:0A000086:SSL routines::certificate verify failed)`, or a sentence of its own.
    public let message: String
    /// `message` says everything, and needs no name of a call before it.
    let isSentence: Bool

    /// Which of the common ways of failing it is.
    public let failure: HandshakeFailure

    /// A sentence that needs nothing before it.
    public init(_ message: String, _ failure: HandshakeFailure = .other) {
        self.message = message
        isSentence = true
        self.failure = failure
    }

    private init(queue message: String, _ failure: HandshakeFailure) {
        self.message = message
        isSentence = false
        self.failure = failure
    }

    /// The whole reason of a failed handshake, to stand before "while SSL handshaking".
    public var upstreamLogText: String { isSentence ? message : "SSL_do_handshake() failed \(message)" }

    /// The other end went away in the middle; with the system's reason if it gave one.
    static func peerClosed(_ code: Int32) -> TLSError {
        let reason = code == 0 ? "" : " \(Errno(code: code).logText)"
        return TLSError("peer closed connection in SSL handshake\(reason)")
    }

    /// All that stands in OpenSSL's queue, which is empty afterwards.
    static func queued() -> TLSError {
        var text = "(SSL:"
        var extra: UnsafePointer<CChar>?
        var flags: Int32 = 0
        let failure = HandshakeFailure(code: ERR_peek_error())
        while true {
            let code = ERR_get_error_all(nil, nil, nil, &extra, &flags)
            guard code != 0 else { break }
            text += " " + TLSError.text(of: code)
            if let extra, flags & ERR_TXT_STRING != 0, extra.pointee != 0 {
                text += ":" + String(cString: extra)
            }
        }
        return TLSError(queue: text == "(SSL:" ? "(SSL: no reason given)" : text + ")", failure)
    }

    private static func text(of code: UInt) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
            guard let start = text.baseAddress else { return "" }
            ERR_error_string_n(code, start, text.count)
            return String(cString: start)
        }
    }
}
