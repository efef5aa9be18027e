import Foundation
import Synchronization
import TestSupport

/// A small HTTP/1.1 server that remembers what it was sent and answers as told.
///
/// Answers are taken from the queue, then by path (without the query), then the standing answer, which
/// names the gateway: `g1 /path` and a newline. A thread a connection.
final class RecordingGateway: Sendable {
    private struct State {
        var requests: [RecordedRequest] = []
        var connectionCount = 0
        var open: Set<Int32> = []
        var queue: [GatewayAnswer] = []
        var shared: AnswerQueue?
        var byPath: [String: GatewayAnswer] = [:]
        var standing: GatewayAnswer?
        var releases = 0
        var isStopped = false
        var failures: [String] = []
    }

    let port: UInt16
    let name: String
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter port: one of a test's own, to come back after `stop()`.
    init(_ name: String = "g1", port: UInt16? = nil) throws {
        self.name = name
        self.port = try port ?? FreePort.next()
        listener = try Socket.listen(port: self.port)
        Thread.detachNewThread { [self] in accept() }
    }

    var requests: [RecordedRequest] { state.withLock { $0.requests } }
    /// Connections accepted so far that sent at least one byte of a request.
    var connectionCount: Int { state.withLock { $0.connectionCount } }
    var openConnections: Int { state.withLock { $0.open.count } }
    /// What came in that was not HTTP.
    var failures: [String] { state.withLock { $0.failures } }

    /// Answers for the next requests, one each.
    func enqueue(_ answers: GatewayAnswer...) { state.withLock { $0.queue += answers } }

    func answer(_ path: String, with answer: GatewayAnswer) { state.withLock { $0.byPath[path] = answer } }

    /// Takes answers from a queue that other gateways may share.
    func takeAnswers(from queue: AnswerQueue) { state.withLock { $0.shared = queue } }

    /// Answers for all that is not told otherwise.
    func answerAll(with answer: GatewayAnswer?) { state.withLock { $0.standing = answer } }

    /// Lets one `waitForRelease` step go on.
    func release() { state.withLock { $0.releases += 1 } }

    /// Forgets requests, answers and failures; open connections stay.
    func forget() {
        state.withLock {
            $0.requests = []
            $0.queue = []
            $0.shared = nil
            $0.byPath = [:]
            $0.standing = nil
            $0.failures = []
        }
    }

    func waitForRequests(_ count: Int, within seconds: Double = 5) -> Bool {
        waitUntil(Deadline(in: seconds)) { requests.count >= count }
    }

    /// Refuses new connections and ends the open ones.
    func stop() {
        let open = state.withLock { state -> Set<Int32> in
            if state.isStopped { return [] }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
            return state.open
        }
        if !open.isEmpty { _ = waitUntil(Deadline(in: 2)) { openConnections == 0 } }
    }

    // MARK: threads

    private func accept() {
        while true {
            guard let descriptor = Socket.accept(listener) else {
                if state.withLock({ $0.isStopped }) { return }
                usleep(1000)
                continue
            }
            state.withLock { _ = $0.open.insert(descriptor) }
            Thread.detachNewThread { [self] in
                serve(descriptor)
                // The descriptor leaves the set before it is closed, so `stop` never touches another's.
                state.withLock {
                    $0.open.remove(descriptor)
                    close(descriptor)
                }
            }
        }
    }

    private func serve(_ descriptor: Int32) {
        var reader = WireReader(descriptor)
        var connection: Int?
        var index = 0
        while !state.withLock({ $0.isStopped }) {
            do {
                guard let raw = try reader.head(Deadline(in: 60)) else { return }
                let number = connection ?? nextConnection()
                connection = number
                let head = try WireHead(raw)
                let answer = chooseAnswer(for: head)
                var body: (content: [UInt8], trailers: [String], isWhole: Bool) = ([], [], true)
                if !answer.isEarly { body = try self.body(of: head, &reader, descriptor) }
                let request = RecordedRequest(
                    head: head, body: body.content, trailers: body.trailers, isBodyWhole: body.isWhole,
                    connection: number, indexOnConnection: index)
                state.withLock { $0.requests.append(request) }
                index += 1
                if !perform(answer, descriptor, &reader) { return }
            } catch {
                state.withLock { $0.failures.append("\(error)") }
                return
            }
        }
    }

    private func nextConnection() -> Int {
        state.withLock {
            $0.connectionCount += 1
            return $0.connectionCount - 1
        }
    }

    private func chooseAnswer(for head: WireHead) -> GatewayAnswer {
        let parts = head.startLine.split(separator: " ")
        let path = parts.count > 1 ? String(parts[1].prefix { $0 != "?" }) : ""
        let isHead = parts.first == "HEAD"
        return state.withLock {
            if !$0.queue.isEmpty { return $0.queue.removeFirst() }
            if var answer = $0.shared?.next() {
                if isHead, let steps = answer.stepsForHead { answer.steps = steps }
                return answer
            }
            if let answer = $0.byPath[path] ?? $0.standing { return answer }
            let text = "\(name) \(path)\n"
            if !isHead { return .fixed(text) }
            return .raw(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n\r\n")
        }
    }

    private func body(
        of head: WireHead, _ reader: inout WireReader, _ descriptor: Int32
    ) throws -> (content: [UInt8], trailers: [String], isWhole: Bool) {
        let deadline = Deadline(in: 20)
        if head["Expect"]?.lowercased() == "100-continue" {
            Socket.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), to: descriptor)
        }
        if head.isChunked { return try reader.chunked(deadline) }
        guard let length = head.contentLength else { return ([], [], true) }
        let content = try reader.bytes(length, deadline)
        return (content, [], content.count == length)
    }

    /// - Returns: whether the connection serves another request.
    private func perform(_ answer: GatewayAnswer, _ descriptor: Int32, _ reader: inout WireReader) -> Bool {
        for step in answer.steps {
            switch step {
            case .send(let bytes):
                if !Socket.write(bytes, to: descriptor) { return false }
            case .pause(let milliseconds):
                usleep(milliseconds * 1000)
            case .waitForRelease:
                let isReleased = waitUntil(Deadline(in: 20)) {
                    state.withLock { state in
                        if state.isStopped { return true }
                        if state.releases == 0 { return false }
                        state.releases -= 1
                        return true
                    }
                }
                if !isReleased { return false }
            case .close:
                shutdown(descriptor, Int32(SHUT_WR))
                return false
            case .reset:
                Socket.armReset(descriptor)
                return false
            case .hang:
                _ = try? reader.untilEnd(Deadline(in: 60))
                return false
            case .echo:
                var bytes = reader.takePending()
                repeat {
                    Socket.write(bytes, to: descriptor)
                    bytes = []
                    if (try? reader.fill(Deadline(in: 20))) == true { bytes = reader.takePending() }
                } while !bytes.isEmpty
                return false
            case .echoMessages:
                while let message = try? RecordingGateway.message(&reader) {
                    Socket.write([0x81, UInt8(message.count)] + message, to: descriptor)
                }
                return false
            }
        }
        return true
    }

    /// The content of a WebSocket's next text message, of less than 126 bytes; nil: there is none.
    private static func message(_ reader: inout WireReader) throws -> [UInt8]? {
        let deadline = Deadline(in: 20)
        let head = try reader.bytes(2, deadline)
        guard head.count == 2, head[0] == 0x81, head[1] > 0x80, head[1] < 0xFE else { return nil }
        let mask = try reader.bytes(4, deadline)
        let content = try reader.bytes(Int(head[1] & 0x7F), deadline)
        return content.enumerated().map { $0.element ^ mask[$0.offset & 3] }
    }
}
