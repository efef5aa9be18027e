import Foundation
import Synchronization
import TestSupport

/// What a hostile gateway does with one request; the client's seed decides, so that a run can be repeated.
enum Hostility: CaseIterable {
    case length, chunked, untilClose, slow, interim
    case dies, resets, badHead, badChunks, early, hugeHead, silent, manyInterim
    case upgrade, redirect
    /// Only asked for by name: what comes before it was asked for may be taken for the answer of whoever
    /// gets the connection in that very moment.
    case unsolicited, forgedLater

    /// Whether a GET must be answered with the content, whole.
    var isGood: Bool {
        switch self {
        case .length, .chunked, .untilClose, .slow, .interim, .early: true
        default: false
        }
    }

    static func of(seed: UInt64) -> (kind: Hostility, dice: Dice) {
        var dice = Dice(seed: seed &* 7)
        let good: [Hostility] = [.length, .length, .chunked, .chunked, .untilClose]
        return (dice.chance(40) ? dice.pick(good) : dice.pick(Array(allCases.dropLast(2))), dice)
    }

    /// The content that belongs to a request, and to no other.
    static func content(_ seed: UInt64) -> [UInt8] {
        var dice = Dice(seed: seed ^ 0xc0_ffee)
        let size = dice.pick([0, 1, 10, 1000, 5000, 20_000, 70_000])
        let line = Array("\(seed)-\(dice.next());".utf8)
        return (0..<size).map { line[$0 % line.count] }
    }
}

/// Gateways at one port that break every rule there is; they check what they are sent.
final class HostileGateway: Sendable {
    private struct State {
        var faults: [String] = []
        var isStopped = false
        var open: Set<Int32> = []
        var dropped = 0
    }

    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    init() throws {
        port = try FreePort.next()
        listener = try Socket.listen(port: port)
        Thread.detachNewThread { [self] in accept() }
    }

    /// Requests that were not as their clients had sent them.
    var faults: [String] { state.withLock { $0.faults } }

    /// Connections that the other side ended after bytes that it had not asked for.
    var dropped: Int { state.withLock { $0.dropped } }

    func stop() {
        state.withLock { state in
            if state.isStopped { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        _ = waitUntil(Deadline(in: 3)) { state.withLock { $0.open.isEmpty } }
    }

    private func accept() {
        while let descriptor = Socket.accept(listener) {
            state.withLock { _ = $0.open.insert(descriptor) }
            Thread.detachNewThread { [self] in
                var reader = WireReader(descriptor)
                while !state.withLock({ $0.isStopped }), (try? serve(descriptor, &reader)) ?? false {}
                state.withLock {
                    $0.open.remove(descriptor)
                    close(descriptor)
                }
            }
        }
    }

    /// - Returns: whether the connection serves another request.
    private func serve(_ descriptor: Int32, _ reader: inout WireReader) throws -> Bool {
        guard let raw = try reader.head(Deadline(in: 20)), raw.suffix(4) == [13, 10, 13, 10] else {
            return false
        }
        let head = try WireHead(raw)
        guard let seed = head["X-Id"].flatMap({ UInt64($0) }) else {
            note("a request that nobody sent: \(String(latin1: raw))")
            return false
        }
        var (kind, dice) = Hostility.of(seed: seed)
        // A second try of the same request, or one led elsewhere, is answered.
        if head.startLine.contains(" /second/") { kind = .length }
        if head.startLine.contains(" /unsolicited/") { kind = .unsolicited }
        if head.startLine.contains(" /later/") { kind = .forgedLater }
        if kind == .early {
            send(answer(seed, .length), descriptor)
            _ = try? readBody(of: head, seed, &reader)
            return false
        }
        guard try readBody(of: head, seed, &reader) else { return false }
        let serves = act(kind, seed, &dice, head.startLine.hasPrefix("HEAD"), descriptor)
        if kind == .unsolicited || kind == .forgedLater {
            if try reader.fill(Deadline(in: 5)) {
                note("asked for more after bytes that nobody had asked for")
            } else {
                state.withLock { $0.dropped += 1 }
            }
            return false
        }
        return serves
    }

    /// - Returns: whether all of it came.
    private func readBody(of head: WireHead, _ seed: UInt64, _ reader: inout WireReader) throws -> Bool {
        let body: [UInt8]
        if head.isChunked {
            let chunked = try reader.chunked(Deadline(in: 20))
            if !chunked.isWhole { return false }
            body = chunked.content
        } else {
            let length = head.contentLength ?? 0
            body = try reader.bytes(length, Deadline(in: 20))
            if body.count < length { return false }
        }
        let expected = head["X-Body"].map { _ in Hostility.content(seed &+ 1) } ?? []
        if body != expected, !(head.startLine.contains(" /second/") && body.isEmpty) {
            note(
                "request \(seed) (\(head.startLine)) came with \(body.count) bytes, not its \(expected.count)"
            )
        }
        return true
    }

    private func note(_ fault: String) { state.withLock { $0.faults.append(fault) } }

    // MARK: answers

    private func send(_ bytes: [UInt8], _ descriptor: Int32) { Socket.write(bytes, to: descriptor) }

    private func head(_ seed: UInt64, _ lines: [String], status: String = "HTTP/1.1 200 OK") -> [UInt8] {
        let all = [status, "X-Id: \(seed)", "Set-Cookie: c=\(seed)", "Content-Type: text/x-\(seed)"] + lines
        return Array((all.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private func answer(_ seed: UInt64, _ kind: Hostility, isHead: Bool = false) -> [UInt8] {
        let content = Hostility.content(seed)
        switch kind {
        case .chunked:
            let end = Array("0\r\n\r\n".utf8)
            if isHead { return head(seed, ["Transfer-Encoding: chunked"]) }
            let size = max(1, content.count / 3)
            let chunks = stride(from: 0, to: content.count, by: size).flatMap { start -> [UInt8] in
                let piece = content[start..<min(start + size, content.count)]
                return Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10]
            }
            return head(seed, ["Transfer-Encoding: chunked"]) + chunks + end
        case .untilClose: return head(seed, ["Connection: close"]) + (isHead ? [] : content)
        default: return head(seed, ["Content-Length: \(content.count)"]) + (isHead ? [] : content)
        }
    }

    private func act(
        _ kind: Hostility, _ seed: UInt64, _ dice: inout Dice, _ isHead: Bool, _ descriptor: Int32
    ) -> Bool {
        let whole = answer(seed, kind, isHead: isHead)
        let forged = Array("HTTP/1.1 200 OK\r\nX-Id: 1\r\nContent-Length: 6\r\n\r\nforged".utf8)
        switch kind {
        case .length, .chunked, .early: send(whole, descriptor)
        case .untilClose, .silent:
            if kind == .untilClose { send(whole, descriptor) }
            return false
        case .slow:
            for piece in 0..<6 {
                send(Array(whole[(whole.count * piece / 6)..<(whole.count * (piece + 1) / 6)]), descriptor)
                usleep(4000)
            }
        case .interim:
            send(
                Array("HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n".utf8) + whole,
                descriptor)
        case .manyInterim:
            for _ in 0..<40 { send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), descriptor) }
            send(whole, descriptor)
        case .dies, .resets:
            let framed = answer(seed, dice.chance(50) ? .chunked : .length, isHead: isHead)
            send(Array(framed[..<dice.below(framed.count)]), descriptor)
            if dice.chance(50) { usleep(3000) }
            if kind == .resets { Socket.armReset(descriptor) }
            return false
        case .badHead: send(badHead(seed, &dice), descriptor)
        case .badChunks: send(badChunks(seed, &dice), descriptor)
        case .unsolicited: send(whole + forged, descriptor)
        case .forgedLater:
            send(whole, descriptor)
            usleep(2000)
            send(forged, descriptor)
        case .hugeHead:
            let fields = (0..<dice.pick([100, 2000])).map { "X-F\($0): \(String(repeating: "v", count: 60))" }
            send(head(seed, fields + ["Content-Length: 0"]), descriptor)
        case .upgrade:
            send(
                Array("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".utf8) + forged,
                descriptor)
        case .redirect:
            send(
                head(seed, ["X-Accel-Redirect: /second/\(seed)", "Content-Length: 3"]) + Array("abc".utf8),
                descriptor)
        }
        return true
    }

    private func badHead(_ seed: UInt64, _ dice: inout Dice) -> [UInt8] {
        let content = Hostility.content(seed)
        let size = "Content-Length: \(content.count)"
        let lines = dice.pick([
            [size, size], [size, "Transfer-Encoding: chunked"], ["Content-Length: -1"],
            ["Content-Length: 99999999999999999999"],
            ["Transfer-Encoding: gzip, chunked"], ["no colon", size], ["X\u{0}: 1", size], ["X: a\rb", size],
            [" folded", size],
            ["Content-Length: 1x"], ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
            ["X-Accel-Redirect: ", size], [": empty", size],
        ])
        let status = dice.pick([
            "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/2.0 200 OK", "HTTP/1.1 99 Odd", "HTTP/1.1 20",
            "ICY 200 OK", "", "\r\n",
        ])
        return head(seed, lines, status: status) + content
    }

    private func badChunks(_ seed: UInt64, _ dice: inout Dice) -> [UInt8] {
        let content = Hostility.content(seed)
        let own = String(latin1: content.prefix(3))
        let size = "\(own.utf8.count)"
        let tail = dice.pick([
            "zz\r\n", "-1\r\n", "fffffffffffffffff\r\n", "\(size)\r\n\(own)!\r\n0\r\n\r\n",
            "\(size)\n\(own)\n0\n\n",
            "\r\n", "\(size)\r\n\(own)\r\n0\r\nX: \u{1}\r\n\r\n",
            "5;\(String(repeating: "e", count: 9000))\r\n",
        ])
        return head(seed, ["Transfer-Encoding: chunked"]) + Array(tail.utf8)
    }
}
