import Foundation
import TestSupport

/// A client that speaks HTTP/2 frame by frame, over a plain connection.
final class FrameClient {
    struct Frame {
        let kind: UInt8
        let flags: UInt8
        let stream: UInt32
        let payload: [UInt8]

        /// DATA or HEADERS that end their stream.
        var isLast: Bool { kind <= 1 && flags & 1 == 1 }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private let client: RawClient

    /// Connects, and says preface and SETTINGS.
    ///
    /// - Parameter header: what comes before them, as the PROXY protocol's.
    init(
        port: UInt16, settings: [UInt8] = [], after header: String = "", receiveBuffer: Int32? = nil
    ) throws {
        client = try RawClient(port: port, receiveBuffer: receiveBuffer)
        client.send(Array(header.utf8) + FrameClient.preface + FrameClient.frame(4, 0, 0, settings))
    }

    static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), kind, flags]
            + number(stream) + payload
    }

    static func number(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
    }

    /// HEADERS of a request; fields are literals that no table takes in.
    static func request(
        _ stream: UInt32, _ path: String, method: String = "GET", fields: [(String, String)] = [],
        isLast: Bool = true
    ) -> [UInt8] {
        let all = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "h")] + fields
        var block: [UInt8] = []
        for (name, value) in all {
            block += [0x00, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return frame(1, isLast ? 5 : 4, stream, block)
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { client.send(bytes) }

    /// The next frame; throws when the connection ends instead.
    func next() throws -> Frame {
        let head = try client.read(9)
        guard head.count == 9 else { throw HarnessError("the connection ended") }
        let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        let stream = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let payload = count > 0 ? try client.read(count) : []
        guard payload.count == count else { throw HarnessError("the connection ended within a frame") }
        return Frame(kind: head[3], flags: head[4], stream: stream, payload: payload)
    }

    /// Frames up to the one that `isLast` finds.
    func frames(until isLast: (Frame) -> Bool) throws -> [Frame] {
        var found: [Frame] = []
        while true {
            let frame = try next()
            found.append(frame)
            if isLast(frame) { return found }
        }
    }

    /// The content of a stream's response, to its end.
    func content(_ stream: UInt32) throws -> [UInt8] {
        try frames { $0.stream == stream && $0.isLast }.filter { $0.kind == 0 && $0.stream == stream }
            .flatMap(\.payload)
    }

    /// Frames of a stream up to its end, or its reset; those of others are dropped.
    func stream(_ stream: UInt32) throws -> [Frame] {
        try frames { $0.stream == stream && ($0.isLast || $0.kind == 3) }.filter { $0.stream == stream }
    }

    /// The code of the GOAWAY that ends the connection.
    func goAwayCode() throws -> UInt32 {
        let frames = try frames { $0.kind == 7 }
        return (frames.last?.payload[4...] ?? []).reduce(0) { $0 << 8 | UInt32($1) }
    }

    func isClosedByPeer(within seconds: Double = 5) -> Bool { client.isClosedByPeer(within: seconds) }
    func close() { client.close() }
    func readToEnd() throws -> [UInt8] { try client.readToEnd() }
}
