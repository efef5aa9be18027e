public import Config

/// `health_check [parameters]`: how the servers of a group are asked whether they can serve.
public struct HealthCheckSettings: Sendable {
    /// What is sent, and what answer is awaited.
    public enum Kind: Sendable { case http, tcp, grpc }

    /// What is sent.
    public var kind = Kind.http
    /// Time between two checks of a server.
    public var intervalMs = 5000
    /// Time between two checks while its state is changing; `nil`: the same.
    public var fastIntervalMs: Int?
    /// Longest time, by chance, that is added to each interval.
    public var jitterMs = 0
    /// Longest time that one check may take; `nil`: as long as the interval, and at least a second.
    public var timeoutMs: Int?
    /// Failures one after the other that make a server unhealthy.
    public var fails = 1
    /// Passes one after the other that make it healthy again.
    public var passes = 1
    /// What is asked for.
    public var uri = "/"
    /// A server is used only when a check has passed.
    public var isMandatory = false
    /// After a reload it counts as what it was before. It always does here.
    public var isPersistent = false
    /// The name of the `match` block that says what passes; `nil`: any 2xx or 3xx.
    public var match: String?
    /// `grpc_service=`: the service that is asked for; empty: the server as a whole.
    public var grpcService = ""
    /// `grpc_status=`: what the call must come to; `nil`: to an answer that says `SERVING`.
    public var grpcStatus: Int?
    /// Asked at this port rather than the server's own.
    public var port: UInt16?
    /// How long a connection is used for further checks; 0: each has its own.
    public var keepaliveTimeMs = 0
    /// `panic_threshold=` of the group, if it stands here.
    public var panicThreshold: Int?
    /// Where it was written.
    public var statement: Statement?

    /// The documented defaults.
    public init() {}

    /// How long one check may take.
    public var deadlineMs: Int { timeoutMs ?? max(intervalMs, 1000) }

    /// Reads the parameters of a statement.
    ///
    /// - Throws: "invalid parameter", naming it.
    public init(_ statement: Statement) throws(ConfigError) {
        self.statement = statement
        for parameter in statement.arguments { try apply(parameter, statement) }
        if kind == .tcp && (uri != "/" || match != nil) {
            throw ConfigError("\"uri\" and \"match\" cannot be used with \"type=tcp\"", statement)
        }
        if kind == .grpc && (uri != "/" || match != nil) {
            throw ConfigError("\"uri\" and \"match\" cannot be used with \"type=grpc\"", statement)
        }
        if kind != .grpc && (!grpcService.isEmpty || grpcStatus != nil) {
            throw ConfigError("\"grpc_service\" and \"grpc_status\" need \"type=grpc\"", statement)
        }
        if isPersistent && !isMandatory {
            throw ConfigError("\"persistent\" requires \"mandatory\"", statement)
        }
    }

    private mutating func apply(_ parameter: String, _ statement: Statement) throws(ConfigError) {
        let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            .map(String.init)
        let value = parts.count > 1 ? parts[1] : nil
        let invalid = ConfigError("invalid parameter \"\(parameter)\"", statement)
        func time() throws(ConfigError) -> Int {
            guard let value, let ms = Units.milliseconds(value) else { throw invalid }
            return ms
        }
        func number(_ bounds: ClosedRange<Int>) throws(ConfigError) -> Int {
            guard let value, let number = Units.number(value), bounds.contains(number) else { throw invalid }
            return number
        }
        switch parts[0] {
        case "interval": intervalMs = try positive(try time(), invalid)
        case "fastinter": fastIntervalMs = try positive(try time(), invalid)
        case "jitter": jitterMs = try time()
        case "timeout": timeoutMs = try positive(try time(), invalid)
        case "fails": fails = try number(1...1_000_000)
        case "passes": passes = try number(1...1_000_000)
        case "uri":
            guard let value, value.hasPrefix("/"), value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw invalid
            }
            uri = value
        case "mandatory" where value == nil: isMandatory = true
        case "persistent" where value == nil: isPersistent = true
        case "match":
            guard let value, !value.isEmpty else { throw invalid }
            match = value
        case "port": port = UInt16(try number(1...65535))
        case "keepalive_time": keepaliveTimeMs = try time()
        case "type":
            switch value {
            case "http": kind = .http
            case "tcp": kind = .tcp
            case "grpc": kind = .grpc
            default: throw invalid
            }
        case "grpc_service":
            guard let value, !value.isEmpty, value.utf8.count <= 256 else { throw invalid }
            grpcService = value
        case "grpc_status": grpcStatus = try number(0...16)
        case "panic_threshold":
            guard let value, let percent = HealthCheckSettings.percent(value) else { throw invalid }
            panicThreshold = percent
        default: throw invalid
        }
    }

    private func positive(_ value: Int, _ error: ConfigError) throws(ConfigError) -> Int {
        guard value > 0 else { throw error }
        return value
    }

    /// The parameters as help shows them.
    public static var syntax: String {
        "[interval=time] [fastinter=time] [jitter=time] [timeout=time] [fails=n] [passes=n] [uri=uri]"
            + " [mandatory [persistent]] [match=name] [port=n] [type=http | tcp | grpc] [grpc_service=name]"
            + " [grpc_status=code] [keepalive_time=time]"
            + " [panic_threshold=n%]"
    }

    /// `50%`, or `50`.
    public static func percent(_ text: String) -> Int? {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let number = Units.number(digits), number <= 100 else { return nil }
        return number
    }
}
