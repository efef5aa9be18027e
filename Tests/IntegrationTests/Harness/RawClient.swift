import Foundation
import TestSupport

/// One client connection whose every byte is the test's.
final class RawClient {
    let descriptor: Int32
    private var reader: WireReader
    private var isClosed = false

    /// - Parameter receiveBuffer: bytes that the kernel may hold for it.
    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = try Socket.connect(port: port, receiveBuffer: receiveBuffer)
        reader = WireReader(descriptor)
    }

    /// Over `[::1]`.
    init(port6: UInt16) throws {
        descriptor = try Socket.connect6(port: port6)
        reader = WireReader(descriptor)
    }

    init(unixPath: String) throws {
        descriptor = try Socket.connect(unixPath: unixPath)
        reader = WireReader(descriptor)
    }

    deinit {
        close()
    }

    /// One exchange on a connection of its own.
    static func ask(_ port: UInt16, _ request: String, within seconds: Double = 5) throws -> Response {
        let client = try RawClient(port: port)
        client.send(request)
        return try client.response(to: RawClient.method(of: Array(request.utf8)), within: seconds)
    }

    /// `GET target` with a Host and nothing else, on a connection of its own.
    static func get(_ port: UInt16, _ target: String, host: String = "localhost") throws -> Response {
        try ask(port, "GET \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
    }

    /// - Returns: false when the other side is gone.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { Socket.write(bytes, to: descriptor) }

    /// Sends piece after piece; before each but the first, waits until `condition` holds for it.
    func send(pieces: [[UInt8]], before condition: (Int) -> Bool) throws {
        for (index, piece) in pieces.enumerated() {
            if index > 0, !waitUntil(Deadline(), { condition(index) }) {
                throw HarnessError("condition before piece \(index) never held")
            }
            send(piece)
        }
    }

    /// Reads the next final response; the 1xx before it are in `interim`.
    /// - Parameter method: of the request it answers; decides whether there is a body.
    func response(to method: String = "GET", within seconds: Double = 5) throws -> Response {
        let deadline = Deadline(in: seconds)
        var interim: [WireHead] = []
        while true {
            guard let raw = try reader.head(deadline) else { throw HarnessError("closed without an answer") }
            let head = try WireHead(raw)
            let status = try RawClient.status(of: head)
            if (100..<200).contains(status), status != 101 {
                interim.append(head)
                continue
            }
            return try body(of: head, status, method, interim, deadline)
        }
    }

    /// Reads one head of whatever status.
    func interimHead(within seconds: Double = 5) throws -> WireHead {
        guard let raw = try reader.head(Deadline(in: seconds)) else {
            throw HarnessError("closed without an answer")
        }
        return try WireHead(raw)
    }

    /// Reads exactly so many bytes, fewer only at the end of the stream.
    func read(_ count: Int, within seconds: Double = 5) throws -> [UInt8] {
        try reader.bytes(count, Deadline(in: seconds))
    }

    /// Reads to the end of the stream.
    func readToEnd(within seconds: Double = 5) throws -> [UInt8] {
        try reader.untilEnd(Deadline(in: seconds))
    }

    /// Whether the other side ends the connection (bytes before the end are dropped).
    func isClosedByPeer(within seconds: Double = 5) -> Bool {
        (try? reader.untilEnd(Deadline(in: seconds))) != nil
    }

    /// Sends FIN, goes on reading.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func close() {
        if isClosed { return }
        isClosed = true
        Foundation.close(descriptor)
    }

    /// Ends the connection with a reset.
    func reset() {
        Socket.armReset(descriptor)
        close()
    }

    static func method(of request: [UInt8]) -> String {
        String(latin1: request.prefix { $0 != 32 })
    }

    private static func status(of head: WireHead) throws -> Int {
        let parts = head.startLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", parts[1].count == 3,
            let status = Int(parts[1])
        else { throw HarnessError("not a status line: \(head.startLine)") }
        return status
    }

    private func body(
        of head: WireHead, _ status: Int, _ method: String, _ interim: [WireHead], _ deadline: Deadline
    ) throws -> Response {
        var content: [UInt8] = []
        var framing = Response.Framing.none
        var isWhole = true
        var trailers: [String] = []
        if method == "HEAD" || status == 204 || status == 304 || status == 101 {
            framing = .none
        } else if head.isChunked {
            framing = .chunked
            (content, trailers, isWhole) = try reader.chunked(deadline)
        } else if let length = head.contentLength {
            framing = .length
            content = try reader.bytes(length, deadline)
            isWhole = content.count == length
        } else {
            framing = .close
            content = try reader.untilEnd(deadline)
        }
        return Response(
            head: head, body: content, framing: framing, isWhole: isWhole, trailers: trailers,
            interim: interim)
    }
}
