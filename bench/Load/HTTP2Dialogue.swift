import Core
import HTTP

/// HTTP/2 as the generator speaks it: as many streams under way as it was asked for.
final class HTTP2Dialogue: LoadDialogue {
    /// A request under way.
    private struct Stream {
        let id: UInt32
        /// `nil`: it goes on beside those that are measured.
        let request: PendingRequest?
        var status: UInt16 = 0
        /// Content of the request that was sent, and that may still be sent.
        var sentCount = 0
        var window: FlowWindow
    }

    private unowned let generator: LoadGenerator
    private var client: HTTP2Client
    /// Requests without an answer; by place, which a stream keeps.
    private var streams: [Stream?] = []
    private var free: [Int] = []
    private var places: [UInt32: Int] = [:]
    private(set) var pendingCount = 0
    /// Above it no stream is looked at.
    private var lastStream = UInt32.max
    private var hasAsked = false
    /// The order of the streams that a GOAWAY left out.
    private var refused = Queue<PendingRequest>()

    init(_ generator: LoadGenerator) {
        self.generator = generator
        client = HTTP2Client(window: generator.window, ByteBuffer(capacity: 128))
    }

    var hasRoom: Bool {
        guard !isLastSaid else { return false }
        return places.count < min(generator.pipeline + downloads, client.peer.maxConcurrentStreams ?? .max)
    }

    private var downloads: Int { generator.download == nil ? 0 : 1 }

    var isOver: Bool { pendingCount == 0 && refused.isEmpty && isLastSaid }

    /// No stream is begun any more.
    private var isLastSaid: Bool {
        lastStream != .max || client.isSpent || (hasAsked && !generator.keepsAlive)
    }

    func begin(_ output: ByteBuffer) {
        streams.removeAll(keepingCapacity: true)
        free.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        pendingCount = 0
        lastStream = .max
        hasAsked = false
        client = HTTP2Client(window: generator.window, output)
        startDownload(output)
    }

    // MARK: Requests

    func ask(_ request: PendingRequest, _ output: ByteBuffer) {
        hasAsked = true
        pendingCount += 1
        let (fields, number) = generator.nextHTTP2Request()
        begin(client.ask(fields, number: number, output), request, output)
    }

    /// A download is under way at all times.
    private func startDownload(_ output: ByteBuffer) {
        guard let download = generator.download else { return }
        begin(client.ask(download, number: nil, output), nil, output)
    }

    private func begin(_ id: UInt32, _ request: PendingRequest?, _ output: ByteBuffer) {
        let stream = Stream(id: id, request: request, window: FlowWindow(client.peer.initialWindowSize))
        let place = free.popLast() ?? streams.count
        if place == streams.count { streams.append(stream) } else { streams[place] = stream }
        places[id] = place
        if request != nil { sendContent(at: place, output) }
    }

    /// Sends of a request's content what there is room for.
    private func sendContent(at place: Int, _ output: ByteBuffer) {
        let body = generator.body
        guard var stream = streams[place], stream.request != nil, stream.sentCount < body.count else {
            return
        }
        let rest = Slice(from: stream.sentCount, to: body.count)
        let sent = client.send(rest, of: body, on: stream.id, window: stream.window.size, output)
        _ = stream.window.take(sent)
        stream.sentCount += sent
        streams[place] = stream
    }

    private func move(_ place: Int, by amount: Int, _ output: ByteBuffer) {
        _ = streams[place]?.window.move(by: amount)
        sendContent(at: place, output)
    }

    func popPending() -> PendingRequest? {
        if let request = refused.popFirst() { return request }
        while let stream = streams.popLast() {
            guard let request = stream?.request else { continue }
            pendingCount -= 1
            return request
        }
        return nil
    }

    // MARK: Answers

    /// Nothing ends with the connection.
    func closed() -> LoadEvent { .needsMore }

    func next(_ input: ByteBuffer, _ output: ByteBuffer) -> LoadEvent {
        if let request = refused.popFirst() { return .refused(request) }
        switch client.next(input, output) {
        case .needsMore: return .needsMore
        case .broken: return .broken
        case .handled: return .handled
        case .head(let id, let status, let isLast):
            guard let place = places[id] else { return .handled }
            streams[place]?.status = status
            return isLast ? ended(id, output) : .handled
        case .content(let id, _, let isLast):
            return isLast ? ended(id, output) : .handled
        case .reset(let id, let wasRefused):
            return reset(id, wasRefused, output)
        case .goingAway(let last):
            goAway(last)
            return .handled
        case .mayContinue(0, _):
            for place in streams.indices { sendContent(at: place, output) }
            return .handled
        case .mayContinue(let id, let amount):
            if let place = places[id] { move(place, by: amount, output) }
            return .handled
        case .windowsMoved(let amount):
            for place in streams.indices { move(place, by: amount, output) }
            return .handled
        }
    }

    private func take(_ id: UInt32, _ output: ByteBuffer) -> Stream? {
        guard let place = places.removeValue(forKey: id), let stream = streams[place] else { return nil }
        streams[place] = nil
        free.append(place)
        if stream.request == nil {
            if !isLastSaid { startDownload(output) }
        } else {
            pendingCount -= 1
        }
        return stream
    }

    private func ended(_ id: UInt32, _ output: ByteBuffer) -> LoadEvent {
        guard let stream = take(id, output), let request = stream.request else { return .handled }
        return .answered(request, status: stream.status)
    }

    private func reset(_ id: UInt32, _ wasRefused: Bool, _ output: ByteBuffer) -> LoadEvent {
        guard let stream = take(id, output), let request = stream.request else { return .handled }
        return wasRefused ? .refused(request) : .lost(request)
    }

    /// RFC 9113 §6.8.
    private func goAway(_ last: UInt32) {
        lastStream = last
        for id in places.keys.filter({ $0 > last }).sorted() {
            guard let place = places.removeValue(forKey: id) else { continue }
            if let request = streams[place]?.request {
                pendingCount -= 1
                refused.append(request)
            }
            streams[place] = nil
            free.append(place)
        }
    }
}
