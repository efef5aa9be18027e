import CLinux
import Core
import Glibc
import HTTP
import Net

/// One generating process: an event loop over its share of the connections.
final class LoadGenerator {
    fileprivate enum Endpoint {
        case connection(LoadConnection)
        case ticker
        case signals
    }

    fileprivate let loop: EventLoop<Endpoint>
    let address: SocketAddress
    let tls: TLSClientContext?
    let serverName: [UInt8]?
    let method: Method
    let speaksHTTP2: Bool
    /// Requests under way on a connection.
    let pipeline: Int
    let keepsAlive: Bool
    let resumes: Bool
    let timeoutMs: Int
    let tally: LoadTally
    /// Of an earlier connection, to be resumed.
    var session: TLSSession?
    /// No connection is opened any more.
    private(set) var isEnding = false
    /// No request is begun any more; an open loop waits for the answers that are owed.
    private var isDraining = false

    private let options: LoadOptions
    private var connections: [LoadConnection] = []
    /// Heads and content; where requests are numbered, the heads without their ends.
    private let requests: [ByteBuffer]
    /// The same for HTTP/2, and what each connection loads beside them.
    private let http2Requests: [HTTP2RequestFields]
    let download: HTTP2RequestFields?
    let window: Int
    let body = ByteBuffer(capacity: 64)
    /// Of the next request, if they are numbered: no other process has the same.
    private var number: Int?
    /// Which request comes when, in the proportion of their weights.
    private let order: [Int]
    private var place = 0
    /// Requests that may still be begun; `nil`: any number.
    private var left: Int?
    private var underWay = 0
    /// Requests that were due before it are the warm-up's.
    private var countsFromUs: Int64 = 0
    /// When no more are begun, and for how long those under way are waited for.
    private var endUs = Int64.max
    private var drainUs: Int64 = 0
    private let signals: SignalDescriptor

    // MARK: Open loop

    private let intervalUs: Double?
    private var nextDueUs = 0.0
    /// Due times of requests that no connection was free for.
    private var backlog = Queue<Int64>()
    /// In turn, so that no connection falls idle while others work.
    private var free = Queue<LoadConnection>()
    private let ticker: Int32

    var isOpenLoop: Bool { intervalUs != nil }
    var clock: Clock { loop.clock }
    var timers: Timers { loop.timers }
    var poller: Poller { loop.poller }

    /// - Parameters:
    ///   - connections: this process's share, as are `requests` and `rate`.
    ///   - index: which of the processes it is.
    init(
        _ options: LoadOptions, _ address: SocketAddress, _ tally: LoadTally, connections: Int,
        requests: Int?, rate: Double?, index: Int
    ) throws {
        number = options.isNumbered ? index : nil
        body.append(options.body)
        self.options = options
        self.address = address
        self.tally = tally
        loop = try EventLoop()
        tls = options.isTLS ? try TLSClientContext(options.tls) : nil
        serverName = Array(options.host.utf8)
        method = options.method == "HEAD" ? .head : options.method == "GET" ? .get : .post
        speaksHTTP2 = options.speaksHTTP2
        pipeline = options.speaksHTTP2 ? options.streams : options.pipeline
        keepsAlive = options.keepsAlive
        resumes = options.resumes
        timeoutMs = options.timeoutMs
        left = requests
        self.requests = options.targets.map { LoadGenerator.request(options, path: $0.path) }
        http2Requests = options.targets.map { HTTP2RequestFields(options, path: $0.path) }
        window = options.window
        download = options.download.map { HTTP2RequestFields(options, download: $0) }
        order = LoadGenerator.order(options.targets.map(\.weight))
        intervalUs = rate.map { 1_000_000 / $0 }
        signals = try SignalDescriptor([.interrupt, .terminate])
        ticker = timerfd_create(Int32(CLOCK_MONOTONIC), Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        try loop.poller.addControl(signals.fd, loop.enroll(.signals))
        try loop.poller.addControl(ticker, loop.enroll(.ticker))
        for _ in 0..<connections {
            self.connections.append(loop.enroll(as: Endpoint.connection) { LoadConnection(self, token: $0) })
        }
    }

    private static func request(_ options: LoadOptions, path: String) -> ByteBuffer {
        var text = "\(options.method) \(path) HTTP/1.1\r\n"
        func has(_ name: String) -> Bool { options.headers.contains { $0.name.lowercased() == name } }
        if !has("host") { text += "Host: \(options.authority)\r\n" }
        if !options.keepsAlive && !has("connection") { text += "Connection: close\r\n" }
        for header in options.headers { text += "\(header.name): \(header.value)\r\n" }
        if !options.body.isEmpty || ["POST", "PUT", "PATCH"].contains(options.method) {
            text += "Content-Length: \(options.body.count)\r\n"
        }
        let bytes = ByteBuffer(capacity: 512)
        bytes.append(text)
        if options.isNumbered { return bytes }
        bytes.append("\r\n")
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

    /// Writes the request whose turn it is.
    func appendRequest(to output: ByteBuffer) {
        output.append(contentsOf: requests[nextTarget()])
        guard let number = nextNumber() else { return }
        output.append("X-Request-Number: ")
        output.append(decimal: number)
        output.append("\r\n\r\n")
        output.append(contentsOf: body)
    }

    /// The head of the request whose turn it is, and its number if requests are numbered.
    func nextHTTP2Request() -> (fields: HTTP2RequestFields, number: Int?) {
        (http2Requests[nextTarget()], nextNumber())
    }

    private func nextTarget() -> Int {
        place = place + 1 < order.count ? place + 1 : 0
        return order[place]
    }

    private func nextNumber() -> Int? {
        guard let number else { return nil }
        self.number = number + options.threads
        return number
    }

    static func nowUs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    // MARK: The loop

    func run() {
        let beganUs = LoadGenerator.nowUs()
        countsFromUs = beganUs + Int64(options.warmupMs) * 1000
        var isWarmingUp = options.warmupMs > 0
        drainUs = Int64(timeoutMs) * 1000
        endUs = options.isBounded ? countsFromUs + Int64(options.durationMs) * 1000 : Int64.max
        tally.set(.beganUs, Int(beganUs))
        nextDueUs = Double(beganUs)
        for connection in connections { connection.connect() }
        var scheduling = Scheduling()
        while !isEnding {
            turn(untilUs: isDraining ? endUs + drainUs : endUs)
            if isWarmingUp, clock.nowUs >= countsFromUs {
                isWarmingUp = false
                tally.clear()
                scheduling = Scheduling()
                tally.set(.beganUs, Int(clock.nowUs))
            }
            scheduling.write(to: tally)
            // Until the last answer: what comes late must not look like a rate that was kept.
            tally.set(.endedUs, Int(clock.nowUs))
            if left == 0 && underWay == 0 { isEnding = true }
            guard clock.nowUs >= endUs else { continue }
            isDraining = true
            // A closed loop's last requests are as good as never sent; an open loop's were due.
            if !isOpenLoop || underWay == 0 || clock.nowUs >= endUs + drainUs { isEnding = true }
        }
        for connection in connections { connection.abandon() }
        while let dueUs = backlog.popFirst() { abandoned(dueUs: dueUs) }
    }

    /// Waits for what happens next, and lets it happen.
    private func turn(untilUs: Int64) {
        let untilEndMs = max(0, (untilUs - clock.nowUs) / 1000 + 1)
        GeneratorTurn(generator: self).take(waitMs: Int32(min(untilEndMs, 1000)))
        if isOpenLoop { sendDue() }
    }

    /// The next request is due, and is sent at the end of the turn.
    fileprivate func readTicker() {
        var expirations: UInt64 = 0
        _ = read(ticker, &expirations, 8)
    }

    fileprivate func readSignals() {
        while signals.next() != nil {
            // Whoever interrupts does not want to wait for a server that hangs.
            drainUs = min(drainUs, 1_000_000)
            endUs = min(endUs, clock.nowUs)
        }
    }

    // MARK: What connections tell

    func opened(_ connection: LoadConnection) { mayGoOn(connection) }

    /// A connection has room for a request, or for several.
    func mayGoOn(_ connection: LoadConnection) {
        let nowUs = LoadGenerator.nowUs()
        guard isOpenLoop else {
            while connection.hasRoom, begin(dueUs: nowUs) { connection.send(dueUs: nowUs, nowUs: nowUs) }
            return connection.flushAll()
        }
        while connection.hasRoom, let dueUs = backlog.popFirst() {
            connection.send(dueUs: dueUs, nowUs: nowUs)
        }
        offer(connection)
    }

    private func offer(_ connection: LoadConnection) {
        guard connection.hasRoom, !connection.isFree else { return }
        connection.isFree = true
        free.append(connection)
    }

    /// - Returns: whether one more request may be begun.
    private func begin(dueUs: Int64) -> Bool {
        guard !isEnding, !isDraining else { return false }
        if let left, dueUs >= countsFromUs {
            guard left > 0 else { return false }
            self.left = left - 1
        }
        underWay += 1
        return true
    }

    func answered(status: UInt16, dueUs: Int64, sentUs: Int64) {
        underWay -= 1
        guard dueUs >= countsFromUs else { return }
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

    /// - Parameter lost: requests that will have no answer; 0: it did not come to a request.
    func failed(_ count: LoadTally.Count, lost: Int) {
        tally.add(count, max(1, lost))
        underWay -= lost
        // A server that cannot be reached uses requests up as well: a run of so many of them ends.
        if lost == 0, let left, clock.nowUs >= countsFromUs { self.left = max(0, left - 1) }
    }

    /// A server may close after any answer; what was sent behind it is sent again, due when it was.
    func takeBack(dueUs: Int64) {
        if isOpenLoop { return backlog.append(dueUs) }
        underWay -= 1
        if let left, dueUs >= countsFromUs { self.left = left + 1 }
    }

    /// The run is over and there is no answer.
    func abandoned(dueUs: Int64) {
        guard isOpenLoop, dueUs >= countsFromUs else { return }
        tally.add(.unanswered)
        waitedInVain(dueUs: dueUs)
    }

    /// An answer would have taken at least as long as until now, and that counts: else the slowest of all
    /// would be missing from the latencies.
    func waitedInVain(dueUs: Int64) {
        guard isOpenLoop, dueUs >= countsFromUs else { return }
        tally.corrected.add(LoadGenerator.nowUs() - dueUs)
    }

    // MARK: Open loop

    /// Begins every request that is due, and sets the ticker for the next one.
    private func sendDue() {
        guard let intervalUs else { return }
        let nowUs = LoadGenerator.nowUs()
        while nextDueUs <= Double(nowUs), begin(dueUs: Int64(nextDueUs)) {
            send(dueUs: Int64(nextDueUs))
            nextDueUs += intervalUs
        }
        if isDraining || left == 0 { return }
        var next = itimerspec()
        let us = Int(nextDueUs)
        next.it_value.tv_sec = us / 1_000_000
        next.it_value.tv_nsec = us % 1_000_000 * 1000
        timerfd_settime(ticker, Int32(TFD_TIMER_ABSTIME), &next, nil)
    }

    private func send(dueUs: Int64) {
        while let connection = free.popFirst() {
            connection.isFree = false
            guard connection.hasRoom else { continue }
            connection.send(dueUs: dueUs, nowUs: LoadGenerator.nowUs())
            return offer(connection)
        }
        backlog.append(dueUs)
    }
}

/// A turn of a generator's loop.
private struct GeneratorTurn: LoopTurn {
    let generator: LoadGenerator

    var loop: EventLoop<LoadGenerator.Endpoint> { generator.loop }

    func ready(_ endpoint: LoadGenerator.Endpoint, _ event: ReadyEvent) {
        switch endpoint {
        case .connection(let connection): connection.ready(event)
        case .ticker: generator.readTicker()
        case .signals: generator.readSignals()
        }
    }

    func timedOut(_ endpoint: LoadGenerator.Endpoint, kind: UInt8) {
        if case .connection(let connection) = endpoint { connection.timedOut() }
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
