import Testing

/// What a client does, and what the gateways answer; both programs must be indistinguishable in it.
struct DifferentialCase: Sendable {
    /// Where Portico is meant to differ from the model.
    struct Intended: Sendable {
        let reason: String
        /// Must be found in what Portico did.
        let transcriptContains: String
        /// Must not be found there.
        let transcriptLacks: String?
    }

    let name: String
    var asks: [Ask]
    /// Taken in order by whichever gateway is asked next.
    var answers: [GatewayAnswer] = []
    /// Response fields left out of the comparison besides Date and Server.
    var ignoring: Set<String> = []
    /// Compares which gateway connection each request came on.
    var comparesConnections = false
    /// Asks at the end whether the connection still serves.
    var probes = true
    /// Whether and how the connection ends is left out.
    var comparesEnd = true
    /// Lines of the file access.log to wait for and compare.
    var logLines = 0
    var intended: Intended?

    init(_ name: String, _ asks: Ask..., answers: [GatewayAnswer] = []) {
        self.name = name
        self.asks = asks
        self.answers = answers
    }

    init(_ name: String, asks: [Ask], answers: [GatewayAnswer] = []) {
        self.name = name
        self.asks = asks
        self.answers = answers
    }

    /// All of it on another port than the first.
    func onPort(_ number: Int) -> DifferentialCase {
        var copy = self
        copy.asks = asks.map { $0.onPort(number) }
        return copy
    }

    func ignoring(_ fields: String...) -> DifferentialCase {
        var copy = self
        copy.ignoring = Set(fields.map { $0.lowercased() })
        return copy
    }

    /// Compares the access log too; the probe would write to it.
    func logging(_ lines: Int) -> DifferentialCase {
        var copy = self
        copy.logLines = lines
        copy.probes = false
        return copy
    }

    var withoutProbe: DifferentialCase {
        var copy = self
        copy.probes = false
        return copy
    }

    var whateverTheEnd: DifferentialCase {
        var copy = self
        copy.comparesEnd = false
        copy.probes = false
        return copy
    }

    var withConnections: DifferentialCase {
        var copy = self
        copy.comparesConnections = true
        return copy
    }

    func differs(_ reason: String, _ contains: String, lacks: String? = nil) -> DifferentialCase {
        var copy = self
        copy.intended = Intended(reason: reason, transcriptContains: contains, transcriptLacks: lacks)
        return copy
    }
}

/// Cases that share one configuration, and one run of each program.
struct DifferentialGroup: Sendable, CustomTestStringConvertible {
    let name: String
    /// What stands inside `http {}`.
    let http: String
    var gateways = 1
    var files: [String: String] = [:]
    /// Alarming log lines that are in order, by a part of them.
    var expectedAlarms: [String] = []
    let cases: [DifferentialCase]

    var testDescription: String { name }

    /// The operator's file. What differs by nginx's age is set for both: HTTP/1.1 without
    /// `Connection: close` to gateways.
    var configuration: String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { worker_connections 256; }
        http {
            %TEMP_PATHS%
            access_log off;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            \(http)
        }
        """
    }
}
