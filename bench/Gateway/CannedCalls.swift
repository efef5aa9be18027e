import Core
import HTTP

/// A connection of HTTP/2, in cleartext by prior knowledge, whose requests are all answered as gRPC calls are:
/// a head, one message, and what says that the call came to something.
final class CannedCalls {
    private let link: HTTP2Connection
    private let head = RequestHead()
    private let headBytes = ByteBuffer(capacity: 1024)
    private let block = ByteBuffer(capacity: 256)
    private let message = ByteBuffer(capacity: 1024)

    /// - Parameter size: bytes of the message.
    init(size: Int, nowMs: Int64, out: ByteBuffer) {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 1000
        link = HTTP2Connection(limits: limits, nowMs: nowMs, out: out)
        message.append(UInt8(0))
        message.append(bigEndian: UInt32(size))
        message.append([UInt8](repeating: UInt8(ascii: "x"), count: size))
    }

    /// Takes what was received, and answers each request that is here whole.
    ///
    /// - Returns: how many were answered; `nil`: this is no HTTP/2.
    func take(_ input: ByteBuffer, out: ByteBuffer, nowMs: Int64) -> Int? {
        var count = 0
        while true {
            switch link.receive(input, out: out, nowMs: nowMs) {
            case .incomplete: return count
            case .failed: return nil
            case .handled, .lost, .mayContinue, .mayContinueAll, .answered: continue
            case .head(let slot, let isLast):
                headBytes.removeAll()
                head.reset()
                let place = HTTP2Connection.Input(buffer: input, out: out, nowMs: nowMs)
                guard case .complete = link.readHead(head, in: headBytes, limits: HeadLimits(), from: place)
                else { return nil }
                guard isLast else { continue }
                answer(slot, out)
            case .content(let slot, let slice, let isLast):
                link.consumed(Int(slice.count), of: slot, out: out)
                guard isLast else { continue }
                answer(slot, out)
            case .trailers(let slot):
                answer(slot, out)
            }
            count += 1
        }
    }

    private func answer(_ slot: Int, _ out: ByteBuffer) {
        let id = link.stream(slot).id
        block.removeAll()
        link.encoder.begin(block)
        link.encoder.append(status: 200, to: block)
        link.encoder.append("content-type", .immediate, to: block) { $0.append("application/grpc") }
        FrameWriter.headers(block, on: id, isLast: false, sizeMax: 16_384, to: out)
        // Whoever measures gives windows that take it.
        let count = min(message.count, link.allowance(of: slot))
        FrameWriter.data(Slice(from: 0, to: count), of: message, on: id, isLast: false, to: out)
        link.sent(count, of: slot)
        block.removeAll()
        link.encoder.begin(block)
        link.encoder.append("grpc-status", .immediate, to: block) { $0.append("0") }
        FrameWriter.headers(block, on: id, isLast: true, sizeMax: 16_384, to: out)
        link.sentLast(slot, out: out)
    }
}
