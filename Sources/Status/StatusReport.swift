internal import HTTP
package import Net
package import Sharing
internal import Upstream

/// All that the status page and the API show, as of one moment. Every view is made of it alone.
package struct StatusReport {
    /// Clients' connections, of one worker or of all.
    package struct Connections {
        var accepted = 0
        var dropped = 0
        var active = 0
        var reading = 0
        var writing = 0
        var idle = 0
        var requests = 0
        /// Idle ones closed so that others could be served, and requests refused where there was none.
        var closedForRoom = 0
        var refusedForRoom = 0
        /// Those that speak HTTP/2, and their requests.
        var http2 = 0
        var http2Requests = 0
    }

    /// A `status_zone`, and what was counted in it.
    package struct Zone {
        let name: String
        let sum: TallySum

        /// A zone with what all workers have counted.
        package init(name: String, sum: TallySum) {
            self.name = name
            self.sum = sum
        }
    }

    /// One of the processes that serve.
    package struct Worker {
        let process: ServiceRecord.WorkerProcess
        let connections: Connections

        /// A process with the connections that it has.
        package init(process: ServiceRecord.WorkerProcess, connections: Connections) {
            self.process = process
            self.connections = connections
        }
    }

    /// A group, and what became of requests to it.
    package struct Upstream {
        let name: String
        /// Its servers are reached over TLS.
        package var usesTLS: Bool
        let zone: String?
        let servers: [Server]
        /// Connections that are kept idle.
        let idleConnections: Int
        /// Requests that wait, how many may in all workers together, and how many found the queue full.
        let queue: (size: Int, max: Int, overflows: Int)?
        /// Servers that are not of the group any more and still have requests.
        package var zombies: Int
        let isInPanic: Bool
        /// A key, the client's address or a cookie says which server a request goes to: some may be asked for
        /// other things than the rest.
        var bindsRequests = false
        /// Those of its servers that are on this page, which has others of its numbers only if it begins
        /// here; `nil`: all.
        var listedServers: Range<Int>?
        var isContinued = false

        /// Over the last seconds and minutes: attempts at all of its servers.
        var windows: [RecentWindow] { RecentWindow.sums(servers.map(\.recent.windows)) }

        /// Whether the next request may go to one of its servers.
        func canServe(_ server: Server) -> Bool {
            guard case .nothing = server.hindrance else { return false }
            return server.state == .up || isInPanic && server.state == .unhealthy
        }
    }

    /// One server of an upstream.
    package struct Server {
        enum State: String, CaseIterable {
            case up, draining, down, unavail, checking, unhealthy
        }

        /// What keeps requests from a server that the checks and the operator have nothing against.
        enum Hindrance {
            case nothing
            /// It has all the connections that it may have.
            case full
            /// The last attempt at it failed.
            case failing
        }

        let id: Int
        let settings: PeerSettings
        let state: State
        var hindrance = Hindrance.nothing
        /// Why it is not up, as far as anybody knows.
        let reason: String
        /// Since when it is in this state, in milliseconds of the wall clock; 0: nobody knows.
        let sinceMs: Int
        let active: Int
        /// Requests that it may have now; 0: any.
        var connectionsMax = 0
        /// Failures that count towards a ban.
        let failures: Int
        let sum: TallySum
        let checks: (checks: Int, fails: Int, lastMs: Int, unhealthy: Int)
        let isChecked: Bool
        /// How it has gone lately.
        package var recent = RecentCourse()
        /// For how long it has been out of use in all.
        var downtimeMs = 0

        /// The last minute; `nil`: in the first seconds nobody knows.
        var minute: RecentWindow? { recent.windows.first { $0.meantMs == 60_000 } }

        /// How long requests take now: in the last minute, in which there may have been none, or in all the
        /// time if that is short.
        var latencyNow: (p50: Int64?, p99: Int64?) {
            guard let minute else { return (sum.latency.percentile(0.5), sum.latency.percentile(0.99)) }
            // Attempts that failed have taken no time.
            return minute.responseUs > 0 ? (Int64(minute.latency.p50), Int64(minute.latency.p99)) : (nil, nil)
        }
    }

    /// The path of an API that changes servers; `nil`: there is none here.
    package var apiPath: String?
    /// Where requests are explained; `nil`: nowhere.
    package var explainPath: String?
    /// Requests that stand for others that took as long.
    package var exemplars: [Exemplars.Exemplar?] = []
    /// Of whoever answers: `host:port` as the client has it.
    package var address = ""
    /// When the report was gathered, of the wall clock.
    package var nowMs = 0
    /// The worker that gathered it.
    package var answeringPID = 0
    /// How many configurations have come into force.
    package var generation = 0
    /// When the first one did, of the wall clock.
    package var startedMs = 0
    /// When the last one did, of the wall clock.
    package var loadedMs = 0
    /// When a reload was tried last, and why it failed; `nil`: there was none.
    package var lastReload: (atMs: Int, complaint: String?)?
    /// When a worker or the checker died last; 0: none has.
    package var diedMs = 0
    /// The service was told to stop.
    package var isStopping = false
    /// 0: one process does it all.
    package var masterPID = 0
    /// 0: there is none.
    package var checkerPID = 0
    /// Processes that were started in the place of one that died.
    package var respawned = 0
    /// Worker processes that there should be.
    package var workersWanted = 0
    /// What the master uses of the machine.
    package var masterUse = ProcessUse()
    /// What the checker uses of it.
    package var checkerUse = ProcessUse()
    /// How often requests ended for a reason, in the words of `$proxy_reason`.
    package var reasons: [(reason: String, count: Int)] = []
    /// Descriptors that each worker may have.
    package var descriptorsMax = 0
    /// Connections that each worker may have; 0: nobody knows.
    package var connectionsMax = 0
    /// Wrong passwords, and names that nobody has.
    package var failedLogins = 0
    /// Of all workers together.
    package var connections = Connections()
    /// TLS handshakes with clients are counted with the requests.
    package var requests = TallySum()
    /// TLS with gateways.
    package var serverHandshakes = TallySum()
    /// Clients that spoke no TLS to a port of TLS.
    package var plainOnTLS = 0
    /// Matches that were given up, as they took too many steps.
    package var patternExcesses = 0
    /// Copies of requests (`mirror`) that were not sent.
    package var mirrorsDropped = 0
    /// `status_zone`s of servers.
    package var serverZones: [Zone] = []
    /// `status_zone`s of locations.
    package var locationZones: [Zone] = []
    /// Zones of `limit_req` and of `limit_conn`.
    package var limitRequests: [LimitZone] = []
    /// `limit_conn_zone`s.
    package var limitConnections: [LimitZone] = []
    /// How lookups of names end, in the API's words.
    static let lookupEndings: [(word: String, ending: LookupEnding)] = [
        ("noerror", .noError), ("formerr", .formatError), ("servfail", .serverFailure),
        ("nxdomain", .noSuchName), ("notimp", .notImplemented), ("refused", .refused),
        ("timedout", .timedOut), ("unknown", .unknown),
    ]
    /// By their zones.
    package var resolvers: [(zone: String, tally: ResolverTally)] = []
    /// In the order of their slots.
    package var workers: [Worker] = []
    /// In the order of the configuration.
    package var upstreams: [Upstream] = []
    /// Those that clients are shown.
    package var certificates: [CertificateFacts] = []
    /// What happened, the latest first once it is sorted, and how much there was of it.
    var happenings: [Happening] = []
    var happeningCounts: [(kind: Chronicle.Kind, counts: Chronicle.Counts)] = []
    /// The last requests that something was wrong with, the latest first.
    package var events: [EventRing.Event] = []
    /// The last seconds and minutes, the shortest first.
    package var windows: [RecentWindow] = []
    /// Of the last minutes, the oldest first.
    package var samples: [ServiceRecord.Sample] = []

    /// Which part of the whole it is, and what was said of the whole; `nil`: it is the whole.
    var part: StatusPart?
    var wholeVerdict: StatusVerdict?

    /// Of nothing yet.
    package init() {}
}

/// Numbers as people read them.
enum Wording {
    static func state(_ state: StatusReport.Server.State) -> String {
        state == .unavail ? "unavailable" : state.rawValue
    }

    /// The text without what a terminal or a browser obeys rather than shows: controls, ends of lines, and
    /// marks that turn the direction of writing around.
    static func printable(_ text: String) -> String {
        guard !text.unicodeScalars.allSatisfy(isPrintable) else { return text }
        var result = ""
        for scalar in text.unicodeScalars { result.unicodeScalars.append(isPrintable(scalar) ? scalar : "?") }
        return result
    }

    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value >= 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            return false
        default: return true
        }
    }

    /// "42 s", "3 min 5 s", "2 h 10 min", "4 d 3 h".
    static func duration(ms: Int) -> String {
        let seconds = max(0, ms / 1000)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }

    /// "850 µs", "1.2 ms", "3.40 s"; "–" for nothing.
    static func latency(us: Int64?) -> String {
        guard let us else { return "–" }
        switch us {
        case ..<1000: return "\(us) µs"
        case ..<100_000: return "\(us / 1000).\(us / 100 % 10) ms"
        case ..<1_000_000: return "\(us / 1000) ms"
        default: return "\(us / 1_000_000).\(two(Int(us / 10_000 % 100))) s"
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// "12,345".
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// Tenths of requests per second: "12.3", "1,234".
    static func rate(_ tenths: Int) -> String {
        tenths < 1000 ? "\(tenths / 10).\(tenths % 10)" : count((tenths + 5) / 10)
    }

    /// "10 s", "1 min", "5 min".
    static func span(ms: Int) -> String { ms < 60_000 ? "\(ms / 1000) s" : "\(ms / 60_000) min" }

    /// "1.5 MB".
    static func bytes(_ number: Int) -> String {
        var value = number
        var rest = 0
        for unit in ["B", "kB", "MB", "GB", "TB"] {
            if value < 1000 || unit == "TB" {
                return unit == "B" ? "\(value) B" : "\(value).\(rest / 100) \(unit)"
            }
            rest = value % 1000
            value /= 1000
        }
        return "\(number) B"
    }

    /// A part of a whole in percent: "33.3 %".
    static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "–" }
        let tenths = (part * 1000 + whole / 2) / whole
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// "2026-11-23T11:31:14.123Z".
    static func time(ms: Int) -> String {
        let parts = CivilTime.Parts(seconds: Int64(ms) / 1000)
        let fraction = ms % 1000
        let digits = fraction < 10 ? "00\(fraction)" : fraction < 100 ? "0\(fraction)" : "\(fraction)"
        let date = "\(parts.year)-\(two(parts.month))-\(two(parts.day))"
        return "\(date)T\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)).\(digits)Z"
    }
}
