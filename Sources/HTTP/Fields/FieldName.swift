internal import Core

/// Field names that rules are about; recognised once when a head is parsed.
///
/// At most 64: sets of them are a number with a bit for each.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case other = 0
    case host
    case connection
    case contentLength
    case transferEncoding
    case expect
    case upgrade
    case userAgent
    case referer
    case authorization
    case xForwardedFor
    case xForwardedProto
    case xForwardedHost
    case xForwardedPort
    case xRealIP
    case forwarded
    case cookie
    case contentType
    case keepAlive
    case proxyConnection
    case te
    case trailer
    case ifModifiedSince
    case ifUnmodifiedSince
    case ifMatch
    case ifNoneMatch
    case ifRange
    case range
    case acceptEncoding
    case accept
    case date
    case server
    case location
    case refresh
    case setCookie
    case lastModified
    case etag
    case cacheControl
    case expires
    case contentEncoding
    case acceptRanges
    case wwwAuthenticate
    case vary
    case via
    case link
    case proxyAuthorization
    case proxyAuthenticate
    case contentRange
    case xAccelRedirect
    case xAccelExpires
    case xAccelLimitRate
    case xAccelBuffering
    case xAccelCharset
    case xPad
    case allow

    /// It is for one connection only and never forwarded as it came: RFC 9110 §7.6.1.
    public var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade: true
        default: false
        }
    }

    /// It speaks of a connection of HTTP/1, and a head of HTTP/2 that has it is malformed: RFC 9113 §8.2.2.
    public var isConnectionSpecific: Bool { isHopByHop && self != .te && self != .trailer }

    /// A response has one of them: as in nginx since 1.23, further ones of a gateway have no effect.
    public var isSingular: Bool {
        switch self {
        case .contentType, .date, .lastModified, .etag, .server, .location, .refresh, .expires, .acceptRanges:
            true
        default: false
        }
    }

    /// As it is written on the wire.
    public var text: StaticString {
        switch self {
        case .other: ""
        case .host: "Host"
        case .connection: "Connection"
        case .contentLength: "Content-Length"
        case .transferEncoding: "Transfer-Encoding"
        case .expect: "Expect"
        case .upgrade: "Upgrade"
        case .userAgent: "User-Agent"
        case .referer: "Referer"
        case .authorization: "Authorization"
        case .xForwardedFor: "X-Forwarded-For"
        case .xForwardedProto: "X-Forwarded-Proto"
        case .xForwardedHost: "X-Forwarded-Host"
        case .xForwardedPort: "X-Forwarded-Port"
        case .xRealIP: "X-Real-IP"
        case .forwarded: "Forwarded"
        case .cookie: "Cookie"
        case .contentType: "Content-Type"
        case .keepAlive: "Keep-Alive"
        case .proxyConnection: "Proxy-Connection"
        case .te: "TE"
        case .trailer: "Trailer"
        case .ifModifiedSince: "If-Modified-Since"
        case .ifUnmodifiedSince: "If-Unmodified-Since"
        case .ifMatch: "If-Match"
        case .ifNoneMatch: "If-None-Match"
        case .ifRange: "If-Range"
        case .range: "Range"
        case .acceptEncoding: "Accept-Encoding"
        case .accept: "Accept"
        case .date: "Date"
        case .server: "Server"
        case .location: "Location"
        case .refresh: "Refresh"
        case .setCookie: "Set-Cookie"
        case .lastModified: "Last-Modified"
        case .etag: "ETag"
        case .cacheControl: "Cache-Control"
        case .expires: "Expires"
        case .contentEncoding: "Content-Encoding"
        case .acceptRanges: "Accept-Ranges"
        case .wwwAuthenticate: "WWW-Authenticate"
        case .vary: "Vary"
        case .via: "Via"
        case .link: "Link"
        case .proxyAuthorization: "Proxy-Authorization"
        case .proxyAuthenticate: "Proxy-Authenticate"
        case .contentRange: "Content-Range"
        case .xAccelRedirect: "X-Accel-Redirect"
        case .xAccelExpires: "X-Accel-Expires"
        case .xAccelLimitRate: "X-Accel-Limit-Rate"
        case .xAccelBuffering: "X-Accel-Buffering"
        case .xAccelCharset: "X-Accel-Charset"
        case .xPad: "X-Pad"
        case .allow: "Allow"
        }
    }

    /// Names are compared without case: RFC 9110 §5.1.
    @_effects(releasenone)
    public static func recognise(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes.count {
        case 2: return recognise2(bytes)
        case 3: return recognise3(bytes)
        case 4: return recognise4(bytes)
        case 5: return recognise5(bytes)
        case 6: return recognise6(bytes)
        case 7: return recognise7(bytes)
        case 8: return recognise8(bytes)
        case 9: return recognise9(bytes)
        case 10: return recognise10(bytes)
        case 12: return recognise12(bytes)
        case 13: return recognise13(bytes)
        case 14: return recognise14(bytes)
        case 15: return recognise15(bytes)
        case 16: return recognise16(bytes)
        case 17: return recognise17(bytes)
        case 18: return recognise18(bytes)
        case 19: return recognise19(bytes)
        default: return .other
        }
    }

    private static func recognise2(_ bytes: Span<UInt8>) -> FieldName {
        ByteScan.isName(bytes, "TE") ? .te : .other
    }

    private static func recognise3(_ bytes: Span<UInt8>) -> FieldName {
        ByteScan.isName(bytes, "Via") ? .via : .other
    }

    private static func recognise4(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "d"): return ByteScan.isName(bytes, "Date") ? .date : .other
        case UInt8(ascii: "e"): return ByteScan.isName(bytes, "ETag") ? .etag : .other
        case UInt8(ascii: "h"): return ByteScan.isName(bytes, "Host") ? .host : .other
        case UInt8(ascii: "l"): return ByteScan.isName(bytes, "Link") ? .link : .other
        case UInt8(ascii: "v"): return ByteScan.isName(bytes, "Vary") ? .vary : .other
        default: return .other
        }
    }

    private static func recognise5(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "a"): return ByteScan.isName(bytes, "Allow") ? .allow : .other
        case UInt8(ascii: "r"): return ByteScan.isName(bytes, "Range") ? .range : .other
        case UInt8(ascii: "x"): return ByteScan.isName(bytes, "X-Pad") ? .xPad : .other
        default: return .other
        }
    }

    private static func recognise6(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "a"): return ByteScan.isName(bytes, "Accept") ? .accept : .other
        case UInt8(ascii: "c"): return ByteScan.isName(bytes, "Cookie") ? .cookie : .other
        case UInt8(ascii: "e"): return ByteScan.isName(bytes, "Expect") ? .expect : .other
        case UInt8(ascii: "s"): return ByteScan.isName(bytes, "Server") ? .server : .other
        default: return .other
        }
    }

    private static func recognise7(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "e"): return ByteScan.isName(bytes, "Expires") ? .expires : .other
        case UInt8(ascii: "r"):
            if ByteScan.isName(bytes, "Referer") { return .referer }
            if ByteScan.isName(bytes, "Refresh") { return .refresh }
            return .other
        case UInt8(ascii: "t"): return ByteScan.isName(bytes, "Trailer") ? .trailer : .other
        case UInt8(ascii: "u"): return ByteScan.isName(bytes, "Upgrade") ? .upgrade : .other
        default: return .other
        }
    }

    private static func recognise8(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "i"):
            if ByteScan.isName(bytes, "If-Match") { return .ifMatch }
            if ByteScan.isName(bytes, "If-Range") { return .ifRange }
            return .other
        case UInt8(ascii: "l"): return ByteScan.isName(bytes, "Location") ? .location : .other
        default: return .other
        }
    }

    private static func recognise9(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "f"): return ByteScan.isName(bytes, "Forwarded") ? .forwarded : .other
        case UInt8(ascii: "x"): return ByteScan.isName(bytes, "X-Real-IP") ? .xRealIP : .other
        default: return .other
        }
    }

    private static func recognise10(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "c"): return ByteScan.isName(bytes, "Connection") ? .connection : .other
        case UInt8(ascii: "k"): return ByteScan.isName(bytes, "Keep-Alive") ? .keepAlive : .other
        case UInt8(ascii: "s"): return ByteScan.isName(bytes, "Set-Cookie") ? .setCookie : .other
        case UInt8(ascii: "u"): return ByteScan.isName(bytes, "User-Agent") ? .userAgent : .other
        default: return .other
        }
    }

    private static func recognise12(_ bytes: Span<UInt8>) -> FieldName {
        ByteScan.isName(bytes, "Content-Type") ? .contentType : .other
    }

    private static func recognise13(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "a"):
            if ByteScan.isName(bytes, "Authorization") { return .authorization }
            if ByteScan.isName(bytes, "Accept-Ranges") { return .acceptRanges }
            return .other
        case UInt8(ascii: "c"):
            if ByteScan.isName(bytes, "Cache-Control") { return .cacheControl }
            if ByteScan.isName(bytes, "Content-Range") { return .contentRange }
            return .other
        case UInt8(ascii: "i"): return ByteScan.isName(bytes, "If-None-Match") ? .ifNoneMatch : .other
        case UInt8(ascii: "l"): return ByteScan.isName(bytes, "Last-Modified") ? .lastModified : .other
        default: return .other
        }
    }

    private static func recognise14(_ bytes: Span<UInt8>) -> FieldName {
        ByteScan.isName(bytes, "Content-Length") ? .contentLength : .other
    }

    private static func recognise15(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "a"): return ByteScan.isName(bytes, "Accept-Encoding") ? .acceptEncoding : .other
        case UInt8(ascii: "x"):
            if ByteScan.isName(bytes, "X-Forwarded-For") { return .xForwardedFor }
            if ByteScan.isName(bytes, "X-Accel-Expires") { return .xAccelExpires }
            if ByteScan.isName(bytes, "X-Accel-Charset") { return .xAccelCharset }
            return .other
        default: return .other
        }
    }

    private static func recognise16(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "c"):
            return ByteScan.isName(bytes, "Content-Encoding") ? .contentEncoding : .other
        case UInt8(ascii: "p"):
            return ByteScan.isName(bytes, "Proxy-Connection") ? .proxyConnection : .other
        case UInt8(ascii: "w"):
            return ByteScan.isName(bytes, "WWW-Authenticate") ? .wwwAuthenticate : .other
        case UInt8(ascii: "x"):
            if ByteScan.isName(bytes, "X-Forwarded-Host") { return .xForwardedHost }
            if ByteScan.isName(bytes, "X-Forwarded-Port") { return .xForwardedPort }
            if ByteScan.isName(bytes, "X-Accel-Redirect") { return .xAccelRedirect }
            return .other
        default: return .other
        }
    }

    private static func recognise17(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "i"):
            return ByteScan.isName(bytes, "If-Modified-Since") ? .ifModifiedSince : .other
        case UInt8(ascii: "t"):
            return ByteScan.isName(bytes, "Transfer-Encoding") ? .transferEncoding : .other
        case UInt8(ascii: "x"):
            if ByteScan.isName(bytes, "X-Forwarded-Proto") { return .xForwardedProto }
            if ByteScan.isName(bytes, "X-Accel-Buffering") { return .xAccelBuffering }
            return .other
        default: return .other
        }
    }

    private static func recognise18(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "p"):
            return ByteScan.isName(bytes, "Proxy-Authenticate") ? .proxyAuthenticate : .other
        case UInt8(ascii: "x"):
            return ByteScan.isName(bytes, "X-Accel-Limit-Rate") ? .xAccelLimitRate : .other
        default: return .other
        }
    }

    private static func recognise19(_ bytes: Span<UInt8>) -> FieldName {
        switch bytes[0].asciiLowercased {
        case UInt8(ascii: "i"):
            return ByteScan.isName(bytes, "If-Unmodified-Since") ? .ifUnmodifiedSince : .other
        case UInt8(ascii: "p"):
            return ByteScan.isName(bytes, "Proxy-Authorization") ? .proxyAuthorization : .other
        default: return .other
        }
    }
}
