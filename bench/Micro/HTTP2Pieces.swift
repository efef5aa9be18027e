import Core
import HTTP

/// A request and its answer on one HTTP/2 connection, without a socket.
enum HTTP2Pieces {
    static var all: [MicroPiece] {
        SampleHeads.requests.map { name, text in
            let scene = HTTP2Scene(request: text)
            return MicroPiece(name: "http2/\(name)") { count in
                var sum = 0
                for _ in 0..<count { sum &+= scene.turn() }
                return sum
            }
        }
    }
}

/// The client's and the server's end of a connection that has been going on for a while.
private final class HTTP2Scene {
    private let input = ByteBuffer(capacity: 4096)
    private let out = ByteBuffer(capacity: 4096)
    private let block = ByteBuffer(capacity: 1024)
    private let head = RequestHead()
    private let headBytes = ByteBuffer(capacity: 4096)
    private let request = ByteBuffer(capacity: 1024)
    private let content = ByteBuffer(capacity: 256)
    private let limits = HTTP2Limits()
    private var connection: HTTP2Connection
    private var nextStream: UInt32 = 1
    private let fields: [(name: String, value: String)]

    init(request text: String) {
        fields = HTTP2Scene.fields(of: text)
        content.append(String(repeating: "x", count: 200))
        connection = HTTP2Connection(limits: limits, nowMs: 0, out: out)
        begin()
    }

    /// Says everything often enough that the tables of both sides hold what they will.
    private func begin() {
        input.removeAll()
        nextStream = 1
        connection = HTTP2Connection(limits: limits, nowMs: 0, out: out)
        input.append(HTTP2Connection.preface)
        FrameWriter.settings([], to: input)
        var encoder = HPACKEncoder()
        for _ in 0..<4 {
            request.removeAll()
            encoder.begin(request)
            for field in fields {
                let line = ByteBuffer(capacity: 256)
                line.append(field.name + field.value)
                let middle = field.name.utf8.count
                let place = Field(
                    name: Slice(from: 0, to: middle), value: Slice(from: middle, to: line.count),
                    known: .other)
                encoder.append(place, of: line, .adaptive, to: request)
            }
            _ = turn()
        }
    }

    /// - Returns: bytes of the answer; 0: there is none.
    func turn() -> Int {
        // Numbers of streams run out after a billion.
        if nextStream > 1 << 30 { begin() }
        FrameWriter.headers(request, on: nextStream, isLast: true, sizeMax: 16_384, to: input)
        nextStream += 2
        out.removeAll()
        while true {
            switch connection.receive(input, out: out, nowMs: 0) {
            case .head(let slot, _): return answer(slot)
            case .handled, .mayContinue, .mayContinueAll, .answered: continue
            case .incomplete, .content, .trailers, .lost, .failed: return 0
            }
        }
    }

    private func answer(_ slot: Int) -> Int {
        headBytes.removeAll()
        let outcome = connection.readHead(
            head, in: headBytes, limits: HeadLimits(), from: .init(buffer: input, out: out, nowMs: 0))
        guard case .complete = outcome else { return 0 }
        let stream = connection.stream(slot).id
        block.removeAll()
        connection.encoder.begin(block)
        connection.encoder.append(status: 200, to: block)
        connection.encoder.append("server", .immediate, to: block) { $0.append("portico") }
        connection.encoder.append("date", .adaptive, to: block) { $0.append("Sun, 06 Nov 1994 08:49:37 GMT") }
        connection.encoder.append("content-type", .immediate, to: block) { $0.append("text/html") }
        connection.encoder.append("content-length", .adaptive, to: block) { $0.append("200") }
        FrameWriter.headers(block, on: stream, isLast: false, sizeMax: 16_384, to: out)
        FrameWriter.data(Slice(from: 0, to: content.count), of: content, on: stream, isLast: true, to: out)
        connection.sent(content.count, of: slot)
        // The client opens its window again, and so often that it needs no frame of its own here.
        FrameWriter.windowUpdate(0, by: content.count, to: input)
        connection.sentLast(slot, out: out)
        return out.count
    }

    /// The fields of a head of HTTP/1, as HTTP/2 says them.
    private static func fields(of text: String) -> [(name: String, value: String)] {
        let lines = text.split(separator: "\r\n").map(String.init)
        let words = (lines.first ?? "").split(separator: " ").map(String.init)
        var fields = [(":method", words.first ?? "GET"), (":scheme", "https")]
        if words.count > 1 { fields.append((":path", words[1])) }
        var others: [(String, String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch name {
            case "host": fields.append((":authority", String(value)))
            case "connection", "keep-alive", "te": break
            default: others.append((name, String(value)))
            }
        }
        return fields + others
    }
}
