internal import HTTP

/// What `$name` in the configuration compiles to.
enum Variable: Sendable {
    /// A built-in one: its row in `Variables.rows`.
    case builtin(Int)
    /// `$http_…`: lower case, `_` for `-`.
    case requestField([UInt8])
    case argument([UInt8])
    case cookie([UInt8])
    /// `$sent_http_…`.
    case sentField([UInt8])
    /// `$sent_trailer_…`.
    case sentTrailer([UInt8])
    /// `$upstream_trailer_…`.
    case upstreamTrailer([UInt8])
    /// `$upstream_http_…`.
    case upstreamField([UInt8])
    case upstreamCookie([UInt8])
    /// `$proxy_protocol_tlv_…`.
    case proxyValue(ProxyProtocolValues.Name)
    /// `set` and named groups of regular expressions: an index into the exchange's values.
    case user(Int)
    /// `map`, `geo`, `split_clients`: an index into the configuration's computed variables.
    case computed(Int)
}
