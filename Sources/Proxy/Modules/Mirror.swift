internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// `mirror`, `mirror_request_body`: sends copies of a request to other locations, whose answers nobody gets.
enum Mirror {
    /// Sends the copies, once the request's content is here if they are to have it.
    ///
    /// - Returns: `.suspended`: it is waited for; `Exchange.bodyAdvanced` goes on.
    static func handle(_ exchange: Exchange) -> Outcome {
        guard !exchange.location.settings.mirror.paths.elements.isEmpty, !exchange.isSubrequest,
            !exchange.isTooEarly
        else { return .declined }
        if exchange.location.settings.mirror.copiesBody, exchange.awaitBodyForMirrors() { return .suspended }
        send(exchange)
        return .declined
    }

    /// Sends the copies: what they answer, and when, is of no concern to the request.
    static func send(_ exchange: Exchange) {
        let worker = exchange.worker
        for path in exchange.location.settings.mirror.paths.elements {
            guard worker.mirrors.haveRoom(for: exchange.body) else {
                worker.dropMirror(of: exchange)
                continue
            }
            worker.takeSubrequest().begin(.mirror, of: exchange, path: path)
        }
    }
}

/// The copies of requests that are under way in a worker.
struct Mirrors {
    /// Most of them at one time.
    static var underWayMax: Int { 1024 }
    /// Most content, in bytes, that they hold in memory together.
    static var heldMax: Int { 64 << 20 }
    /// How long those that are left may hold up the end of a worker.
    static var patienceMs: Int64 { 5000 }

    private(set) var underWay = 0
    private(set) var heldCount = 0
    /// When a worker that is about to end does not wait for them any more.
    var deadlineMs: Int64?
    var ration = LogRation()

    /// Whether there is room for one more without content.
    var haveRoom: Bool { underWay < Mirrors.underWayMax }

    func haveRoom(for body: RequestBody) -> Bool {
        haveRoom && heldCount + body.memory.count <= Mirrors.heldMax
    }

    mutating func began(holding count: Int) {
        underWay += 1
        heldCount += count
    }

    mutating func ended(holding count: Int) {
        underWay -= 1
        heldCount -= count
    }
}

extension Worker {
    /// There are too many copies already: the service that they go to is slow.
    func dropMirror(of exchange: Exchange) {
        add(.mirrorsDropped, 1)
        guard let count = mirrors.ration.admit(nowMs: clock.nowMs) else { return }
        let more = count > 0 ? ", and \(count) more before it" : ""
        log(
            .warn, exchange, "\(mirrors.underWay) mirrored requests are under way: this one is dropped\(more)"
        )
    }

    /// Whether one that has nobody left to serve waits for copies that are under way.
    var awaitsMirrors: Bool {
        guard mirrors.underWay > 0 else { return false }
        let deadline = mirrors.deadlineMs ?? clock.nowMs + Mirrors.patienceMs
        mirrors.deadlineMs = deadline
        return clock.nowMs < deadline
    }
}
