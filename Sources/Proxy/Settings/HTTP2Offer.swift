internal import Config
internal import HTTP

/// Whether and how a server speaks HTTP/2.
struct HTTP2Offer {
    var isOn = false
    var concurrentStreams = 128
    var bodyPrereadSize = 64 << 10
    var bodyBuffers = 1 << 20

    /// What one connection may take.
    var limits: HTTP2Limits {
        var limits = HTTP2Limits()
        // More at a time than a connection has slots, or a window than it may be, is as good as the most.
        limits.concurrentStreams = min(concurrentStreams, HTTP2Limits.streamsMax)
        limits.heldMax = bodyBuffers
        limits.requestSize = HTTP2Stream.ownSize
        // Browsers send some cookies with each of a page's requests.
        let usual = limits.concurrentStreams * (HTTP2Stream.ownSize + HTTP2Offer.usualHead)
        limits.requestsMax = max(limits.requestsMax, usual)
        // A quarter, and no less than clients take it for from the start: RFC 9113 §6.9.2.
        limits.connectionWindow = max(65_535, min(limits.connectionWindow, bodyBuffers / 4))
        limits.streamWindow = min(bodyPrereadSize, FlowWindow.sizeMax)
        return limits
    }
}

extension HTTP2Offer {
    static var directives: [Directive<Block>] {
        let contexts: Context = [.http, .server]
        return [
            .flag(
                "http2", "Whether HTTP/2 is offered: by ALPN, or to clients that know on plain listeners.",
                in: contexts, default: false, \.serverSettings.http2.isOn),
            .number(
                "http2_max_concurrent_streams", "Most requests at a time on one connection of HTTP/2.",
                in: contexts, default: "128",
                \.serverSettings.http2.concurrentStreams),
            .size(
                "http2_body_preread_size",
                "Content of a request that a client may send before anybody wants it.", in: contexts,
                default: "64k", \.serverSettings.http2.bodyPrereadSize),
            Directive(
                "http2_body_buffers",
                "Most content that all streams of a connection hold, each way, until somebody takes it.",
                "size", default: "1m", in: contexts, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard let size = Units.memory(statement.argument(0)) else { throw .invalidValue(statement) }
                guard size >= HTTP2Offer.leastBodyBuffers else {
                    throw ConfigError("value must be equal to or greater than 256k", statement)
                }
                block.serverSettings.http2.bodyBuffers = size
            },
            Directive(
                "http2_recv_buffer_size",
                "Accepted for nginx's sake: a connection has a buffer only while a frame of it is not whole.",
                "size", default: "256k", in: .http, arity: 1...1
            ) {
                (_: Block, statement: Statement) throws(ConfigError) in
                guard Units.size(statement.argument(0)) != nil else { throw .invalidValue(statement) }
            },
            Directive(
                "http2_chunk_size", "Most content of a response in one frame of HTTP/2.", "size",
                default: "16k", in: [.http, .server, .location], arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard let size = Units.size(statement.argument(0)) else { throw .invalidValue(statement) }
                guard size > 0 else {
                    throw ConfigError("the http2 chunk size cannot be zero", statement)
                }
                block.settings.core.http2ChunkSize = size
            },
        ] + obsolete.map(row) + pushing.map { row($0, nil) }
    }

    private static var leastBodyBuffers: Int { 256 << 10 }
    private static var usualHead: Int { 1536 }

    /// Directives that nginx knows no more, and what took their place.
    private static let obsolete = [
        ("http2_idle_timeout", "keepalive_timeout"), ("http2_recv_timeout", "client_header_timeout"),
        ("http2_max_requests", "keepalive_requests"),
        ("http2_max_field_size", "large_client_header_buffers"),
        ("http2_max_header_size", "large_client_header_buffers"),
    ]

    /// Nothing is pushed, by newer nginx either: clients take it no more.
    private static let pushing = ["http2_push", "http2_push_preload", "http2_max_concurrent_pushes"]

    private static func row(_ name: String, _ successor: String?) -> Directive<Block> {
        let advice = successor.map { "use the \"\($0)\" directive instead" } ?? "ignored"
        let summary = successor.map { "Replaced by `\($0)`." } ?? "Nothing is pushed."
        let contexts: Context = successor == nil ? [.http, .server, .location] : [.http, .server]
        return Directive(name, summary, "value", in: contexts, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.builder.warn(
                ConfigError("the \"\(name)\" directive is obsolete, \(advice)", statement))
        }.repeatable
    }
}
