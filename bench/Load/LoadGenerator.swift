import CLinux
import Core
import Glibc
import HTTP
import Net

/// One generating process: an event loop over its share of the connections.
final class LoadGenerator {
    private enum Endpoint {
        case connection(LoadConnection)
        case ticker
        case signals
    }

    let clock = Clock()
    let timers: Timers
    let poller: Poller
    let address: SocketAddress
    let tls: TLSClientContext?
    let serverName: [UInt8]?
    let method: Method
    let pipeline: Int
    let keepsAlive: Bool
    let resumes: Bool
    let timeoutMs: Int
    let tally: LoadTally
    /// Of an earlier connection, to be resumed.
    var session: TLSSession?
    private(set) var isEnding = false

    private let options: LoadOptions
    private var endpoints = SlotTable<Endpoint>()
    private var connections: [LoadConnection] = []
    private let requests: [ByteBuffer]
    /// Which request comes when, in the proportion of their weights.
    private let order: [Int]
    private var place = 0
    /// Requests that may still be begun; `nil`: any number.
    private var left: Int?
    private var underWay = 0
    private var beganUs: Int64 = 0
    private let signals: SignalDescriptor

    // MARK: Open loop

    private let intervalUs: Double?
    private var nextDueUs = 0.0
    /// Due times of requests that no connection was free for.
    private var backlog: [Int64] = []
    private var firstInBacklog = 0
    private var free: [LoadConnection] = []
    private let ticker: Int32

    var isOpenLoop: Bool { intervalUs != nil }

    /// - Parameters:
    ///   - connections: this process's share, as are `requests` and `rate`.
    init(
        _ options: LoadOptions, _ address: SocketAddress, _ tally: LoadTally, connections: Int,
        requests: Int?,
        rate: Double?
    ) throws {
        self.options = options
        self.address = address
        self.tally = tally
        timers = Timers(nowMs: clock.nowMs)
        poller = try Poller()
        tls = options.isTLS ? try TLSClientContext(options.tls) : nil
        serverName = Array(options.host.utf8)
        method = options.method == "HEAD" ? .head : options.method == "GET" ? .get : .post
        pipeline = options.pipeline
        keepsAlive = options.keepsAlive
        resumes = options.resumes
        timeoutMs = options.timeoutMs
        left = requests
        self.requests = options.targets.map { LoadGenerator.request(options, path: $0.path) }
        order = LoadGenerator.order(options.targets.map(\.weight))
        intervalUs = rate.map { 1_000_000 / $0 }
        signals = try SignalDescriptor([.interrupt, .terminate])
        ticker = timerfd_create(Int32(CLOCK_MONOTONIC), Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        try poller.addControl(signals.fd, endpoints.insert { _ in .signals })
        try poller.addControl(ticker, endpoints.insert { _ in .ticker })
        for _ in 0..<connections {
            _ = endpoints.insert { token in
                let made = LoadConnection(self, token: token)
                self.connections.append(made)
                return .connection(made)
            }
        }
    }

    private static func request(_ options: LoadOptions, path: String) -> ByteBuffer {
        let usual = options.isTLS ? 443 : 80
        let host = Int(options.port) == usual ? options.host : "\(options.host):\(options.port)"
        var text = "\(options.method) \(path) HTTP/1.1\r\n"
        func has(_ name: String) -> Bool { options.headers.contains { $0.name.lowercased() == name } }
        if !has("host") { text += "Host: \(host)\r\n" }
        if !options.keepsAlive && !has("connection") { text += "Connection: close\r\n" }
        for header in options.headers { text += "\(header.name): \(header.value)\r\n" }
        if !options.body.isEmpty { text += "Content-Length: \(options.body.count)\r\n" }
        let bytes = ByteBuffer(capacity: 512)
        bytes.append(text + "\r\n")
        bytes.append(options.body)
        return bytes
    }

    /// Each index as often as its weight says, spread evenly.
    private static func order(_ weights: [Int]) -> [Int] {
        var current = [Int](repeating: 0, count: weights.count)
        let sum = weights.reduce(0, +)
        return (0..<min(sum, 100_000)).map { _ in
            for index in weights.indices { current[index] += weights[index] }
            let best = current.indices.max { current[$0] < current[$1] } ?? 0
            current[best] -= sum
            return best
        }
    }

    func nextRequest() -> ByteBuffer {
        place = place + 1 < order.count ? place + 1 : 0
        return requests[order[place]]
    }

    static func nowUs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    // MARK: The loop

    func run() {
        beganUs = LoadGenerator.nowUs()
        var measuresFromUs = beganUs + Int64(options.warmupMs) * 1000
        let endUs = options.requests == nil ? measuresFromUs + Int64(options.durationMs) * 1000 : Int64.max
        tally.set(.beganUs, Int(beganUs))
        nextDueUs = Double(beganUs)
        for connection in connections { connection.connect() }
        var scheduling = Scheduling()
        while !isEnding {
            let nowMs = clock.nowMs
            let untilEnd = Int32(
                clamping: max(0, (endUs == .max ? 1_000_000_000 : endUs - clock.nowUs) / 1000 + 1))
            let count = poller.wait(timeoutMs: min(timers.waitMs(nowMs: nowMs, max: 1000), untilEnd))
            clock.update()
            for index in 0..<count { handle(poller.event(at: index)) }
            while let expired = timers.nextExpired(nowMs: clock.nowMs) {
                if case .connection(let connection) = endpoints[expired.token] { connection.timedOut() }
            }
            if isOpenLoop { sendDue() }
            if measuresFromUs > 0, options.warmupMs > 0, clock.nowUs >= measuresFromUs {
                tally.clear()
                scheduling = Scheduling()
                tally.set(.beganUs, Int(clock.nowUs))
                measuresFromUs = 0
            }
            scheduling.write(to: tally)
            tally.set(.endedUs, Int(clock.nowUs))
            if clock.nowUs >= endUs || (left == 0 && underWay == 0) { isEnding = true }
        }
        for connection in connections { connection.disconnect() }
    }

    private func handle(_ event: ReadyEvent) {
        switch endpoints[event.token] {
        case .connection(let connection): connection.ready(event)
        case .ticker:
            var expirations: UInt64 = 0
            _ = read(ticker, &expirations, 8)
        case .signals: while signals.next() != nil { isEnding = true }
        case nil: break
        }
    }

    // MARK: What connections tell

    func opened(_ connection: LoadConnection) { mayGoOn(connection) }

    /// A connection has room for a request, or for several.
    func mayGoOn(_ connection: LoadConnection) {
        let nowUs = LoadGenerator.nowUs()
        guard isOpenLoop else {
            while connection.hasRoom, begin() { connection.send(dueUs: nowUs, nowUs: nowUs) }
            return connection.flushAll()
        }
        while connection.hasRoom, firstInBacklog < backlog.count {
            connection.send(dueUs: backlog[firstInBacklog], nowUs: nowUs)
            firstInBacklog += 1
        }
        if firstInBacklog == backlog.count, firstInBacklog > 0 {
            backlog.removeAll(keepingCapacity: true)
            firstInBacklog = 0
        }
        if connection.hasRoom { free.append(connection) }
    }

    /// - Returns: whether one more request may be begun.
    private func begin() -> Bool {
        guard !isEnding else { return false }
        if let left {
            guard left > 0 else { return false }
            self.left = left - 1
        }
        underWay += 1
        return true
    }

    func answered(status: UInt16, dueUs: Int64, sentUs: Int64) {
        underWay -= 1
        let nowUs = LoadGenerator.nowUs()
        tally.add(.answers)
        switch status {
        case 100..<200: tally.add(.class1)
        case 200..<300: tally.add(.class2)
        case 300..<400: tally.add(.class3)
        case 400..<500: tally.add(.class4)
        default: tally.add(.class5)
        }
        tally.uncorrected.add(nowUs - sentUs)
        if isOpenLoop { tally.corrected.add(nowUs - dueUs) }
    }

    func failed(_ count: LoadTally.Count, lost: Int) {
        tally.add(count, max(1, lost))
        underWay -= lost
    }

    /// A server may close between answers; what was sent behind the last of them is sent again by others.
    func reconnecting(lost: Int) {
        underWay -= lost
        if let left { self.left = left + lost }
    }

    // MARK: Open loop

    /// Begins every request that is due, and sets the ticker for the next one.
    private func sendDue() {
        guard let intervalUs else { return }
        let nowUs = LoadGenerator.nowUs()
        while nextDueUs <= Double(nowUs), begin() {
            send(dueUs: Int64(nextDueUs))
            nextDueUs += intervalUs
        }
        var next = itimerspec()
        let us = Int(nextDueUs)
        next.it_value.tv_sec = us / 1_000_000
        next.it_value.tv_nsec = us % 1_000_000 * 1000
        timerfd_settime(ticker, Int32(TFD_TIMER_ABSTIME), &next, nil)
    }

    private func send(dueUs: Int64) {
        while let connection = free.popLast() {
            guard connection.hasRoom else { continue }
            connection.send(dueUs: dueUs, nowUs: LoadGenerator.nowUs())
            if connection.hasRoom { free.append(connection) }
            return
        }
        backlog.append(dueUs)
    }
}

/// How much of a core this process had, and for how long it had to wait for one.
private struct Scheduling {
    private let cpuUs = Scheduling.cpu()
    private let waitedUs = Scheduling.waited()
    private var turns = 0

    mutating func write(to tally: LoadTally) {
        turns += 1
        guard turns % 64 == 1 else { return }
        tally.set(.cpuUs, Scheduling.cpu() - cpuUs)
        tally.set(.waitedUs, Scheduling.waited() - waitedUs)
    }

    private static func cpu() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    /// The second number of schedstat: nanoseconds in the queue of a core.
    private static func waited() -> Int {
        let fields = ProcessTimes.read("/proc/self/schedstat")?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) / 1000 : 0
    }
}
