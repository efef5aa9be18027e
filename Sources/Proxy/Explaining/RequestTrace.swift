internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Pattern

/// What a worker that stands in for itself (`portico explain`) does with one request, step by step.
///
/// The worker of a service has none: each place that tells it something asks for it first. What is told is
/// what the phases have just decided; nothing is decided here, but that no connection to a peer is begun.
final class RequestTrace {
    /// What a step is about; the word that stands in front of its line.
    enum Kind: String {
        case listen, server, location, rewrite, limit, access, file, redirect, content, upstream, log
    }

    struct Step {
        let kind: Kind
        let text: String
        /// Where the directive or block stands, if it is known.
        let place: String?
        /// What else there is to say, a line each.
        let details: [String]
        /// It is of a request that was made for the sake of the client's.
        let isInner: Bool
    }

    /// Where the request would have gone.
    struct Destination {
        let upstream: String
        let peer: String
        let url: String
        /// The lines of the head that would be sent.
        let head: [String]
    }

    /// What servers, limits and sessions are like is that of a service that runs, and not of a fresh start.
    let knowsService: Bool
    /// What the client would name in its handshake is a server.
    let namesServer: Bool
    private(set) var steps: [Step] = []
    private(set) var destination: Destination?
    /// The server and the location that were in force at the end.
    private(set) var server = ""
    private(set) var location = ""
    /// Nothing more happens to the client's request.
    private(set) var isOver = false

    init(of visit: Visit, knowsService: Bool) {
        self.knowsService = knowsService
        namesServer = visit.serverName != nil
    }

    /// The handshake would end in an alert, and nothing comes after it.
    func refuse(_ handshake: String, at place: String?) {
        steps.append(Step(kind: .listen, text: handshake, place: place, details: [], isInner: false))
        end()
    }

    func add(
        _ kind: Kind, _ text: String, of exchange: Exchange, at place: String? = nil, _ details: [String] = []
    ) {
        steps.append(
            Step(kind: kind, text: text, place: place, details: details, isInner: exchange.isSubrequest))
        guard !exchange.isSubrequest else { return }
        server = String(decoding: exchange.server.serverName, as: UTF8.self)
        location = exchange.location.title(exchange.snapshot.configuration.patterns)
    }

    /// What would stand in the error log.
    func note(_ level: LogLevel, _ message: String, _ exchange: Exchange) {
        // The steps of rewriting are told one by one.
        if level != .notice, level != .debug { add(.log, "[\(level.name)] \(message)", of: exchange) }
    }

    func end() { isOver = true }

    func end(at destination: Destination) {
        self.destination = destination
        end()
    }
}

extension Location {
    /// As the configuration writes it.
    func title(_ patterns: PatternTable) -> String {
        switch kind {
        case .server: "the server's own settings"
        case .prefix, .named: "location \(name)"
        case .prefixWithoutRegex: "location ^~ \(name)"
        case .exact: "location = \(name)"
        case .regex(let index):
            "location \(patterns[index].pattern.isCaseless ? "~*" : "~") \(patterns[index].source)"
        case .ifBlock: "a block within the location"
        }
    }
}

extension ByteBuffer {
    /// What a template makes of a request, as a line may show it.
    static func shown(_ append: (ByteBuffer) -> Void) -> String {
        let out = ByteBuffer(capacity: 64)
        append(out)
        return out.printableText
    }
}
