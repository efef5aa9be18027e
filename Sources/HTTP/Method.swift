internal import Core

/// Request methods that rules distinguish. RFC 9110 §9, and WebDAV's that nginx knows.
public enum Method: UInt8, Sendable {
    case other = 0
    case get, head, post, put, delete, options, patch, connect, trace
    case mkcol, copy, move, propfind, proppatch, lock, unlock

    /// Methods are case-sensitive.
    @_effects(releasenone)
    public static func recognise(_ bytes: Span<UInt8>) -> Method {
        switch bytes.count {
        case 3: matches(bytes, "GET") ? .get : matches(bytes, "PUT") ? .put : .other
        case 4:
            matches(bytes, "HEAD")
                ? .head
                : matches(bytes, "POST")
                    ? .post
                    : matches(bytes, "COPY")
                        ? .copy : matches(bytes, "MOVE") ? .move : matches(bytes, "LOCK") ? .lock : .other
        case 5:
            matches(bytes, "PATCH")
                ? .patch : matches(bytes, "TRACE") ? .trace : matches(bytes, "MKCOL") ? .mkcol : .other
        case 6: matches(bytes, "DELETE") ? .delete : matches(bytes, "UNLOCK") ? .unlock : .other
        case 7: matches(bytes, "OPTIONS") ? .options : matches(bytes, "CONNECT") ? .connect : .other
        case 8: matches(bytes, "PROPFIND") ? .propfind : .other
        case 9: matches(bytes, "PROPPATCH") ? .proppatch : .other
        default: .other
        }
    }

    /// Whether a peer takes it for a method, whatever it means: RFC 9110 §9.1.
    public static func isName(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            let isMark = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            guard byte.isASCIIAlpha || byte.isASCIIDigit || isMark else { return false }
        }
        return bytes.count > 0
    }

    private static func matches(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            for index in bytes.indices where bytes[index] != wanted[index] { return false }
            return true
        }
    }

    /// Whether sending it twice is as good as once. As nginx: all but POST, LOCK and PATCH; and what
    /// nobody knows is not taken for harmless.
    public var isIdempotent: Bool {
        switch self {
        case .post, .lock, .patch, .other: false
        case .get, .head, .put, .delete, .options, .connect, .trace, .mkcol, .copy, .move, .propfind,
            .proppatch,
            .unlock:
            true
        }
    }

    /// As it is written on the wire; empty for `.other`.
    public var text: StaticString {
        switch self {
        case .other: ""
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .mkcol: "MKCOL"
        case .copy: "COPY"
        case .move: "MOVE"
        case .propfind: "PROPFIND"
        case .proppatch: "PROPPATCH"
        case .lock: "LOCK"
        case .unlock: "UNLOCK"
        }
    }
}
