public import Core
internal import Glibc

/// Sends of many connections, made together in one system call.
///
/// Two sends a request are two thirds of its cost, and in one call for a whole turn of the loop they cost a
/// sixth less (a relay that does nothing else, 64 connections: 13.6 us a request before, 11.5 so).
///
/// What was sent is not consumed here: the next `send` of the same connection finds it done. So whoever
/// sends need not know of it.
public final class SendBatch {
    private let ring: SendRing
    /// The system carries out what the ring is given.
    private var isUsable = true
    /// Those of the first `count` entries. Not retained: who adds one has it until `submit`.
    private var transports = InlineArray<256, Unmanaged<Transport>?>(repeating: nil)
    private var count = 0
    /// For records of TLS.
    private(set) var spare: [ByteBuffer] = []

    private static var spareBytesMax: Int { 8 << 10 }

    /// - Returns: `nil` where the system has no means for it.
    public init?() {
        guard let ring = SendRing(entryCount: 256), ring.entryCount <= 256 else { return nil }
        self.ring = ring
    }

    /// Sends from the front of `buffer`. Both it and the transport must stay as they are until `submit`; then
    /// `transport.send` of the same buffer tells what came of it.
    @_effects(releasenone)
    public func add(_ transport: Transport, _ buffer: ByteBuffer) {
        guard isUsable, !buffer.isEmpty, let bytes = transport.prepareAhead(buffer, self) else { return }
        ring.add(transport.fd, bytes, more: transport.endsWithNextSend, tag: count)
        transports[count] = .passUnretained(transport)
        count += 1
        if count == ring.entryCount { submit() }
    }

    /// Makes the system call.
    public func submit() {
        guard isUsable, count > 0 else { return }
        isUsable = ring.submit { tag, result in
            guard let free = sentAhead(tag, result),
                free.capacity <= SendBatch.spareBytesMax, spare.count < ring.entryCount
            else {
                return
            }
            spare.append(free)
        }
        if !isUsable {
            // Nobody knows what became of the others. From now on each sends by itself.
            for index in 0..<count { _ = sentAhead(index, -EIO) }
            ring.close()
        }
        count = 0
    }

    /// Tells a transport what became of what it was to send.
    private func sentAhead(_ index: Int, _ result: Int32) -> ByteBuffer? {
        transports[index].take()?._withUnsafeGuaranteedRef { $0.sentAhead(result) }
    }

    /// A buffer for a record of TLS.
    func takeBuffer() -> ByteBuffer { spare.popLast() ?? ByteBuffer(capacity: 4096) }
}
