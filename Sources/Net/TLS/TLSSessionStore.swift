internal import CLinux
internal import COpenSSL
internal import Glibc
internal import Synchronization

/// `ssl_session_cache shared:name:size`: TLS sessions that every worker finds.
///
/// A table of fixed slots in memory that forked processes share, four to a bucket. There is no lock: a
/// slot's first number is even while it stands and odd while it is being written, and a reader that saw
/// it change reads nothing. A writer that finds a slot taken gives up; one that dies inside costs that slot.
///
///     slot, 512 bytes:  sequence | expiry | sizes | identifier, 32 bytes | session, up to 456 bytes
public final class TLSSessionStore {
    private let memory: SharedMemory
    private let bucketCount: Int
    private static var slotsInBucket: Int { 4 }
    private static var slotWords: Int { 64 }
    private static var headWords: Int { 7 }
    /// A larger session is not kept, and its client shakes hands in full the next time.
    static var sessionBytesMax: Int { (slotWords - headWords) * 8 }

    /// - Parameter byteCount: 2048 sessions a megabyte.
    /// - Throws: if there is not as much memory.
    public convenience init(byteCount: Int) throws(TLSError) {
        try self.init(byteCount: byteCount, adopting: nil)
    }

    /// The store behind the descriptor of another process's; it is closed with this object.
    public convenience init(byteCount: Int, adopting descriptor: Int32) throws(TLSError) {
        try self.init(byteCount: byteCount, adopting: .some(descriptor))
    }

    /// What a worker needs to share the store.
    public var descriptor: Int32? { memory.descriptor }

    private init(byteCount: Int, adopting descriptor: Int32?) throws(TLSError) {
        bucketCount = max(1, byteCount / (TLSSessionStore.slotsInBucket * TLSSessionStore.slotWords * 8))
        let count = bucketCount.multipliedReportingOverflow(
            by: TLSSessionStore.slotsInBucket * TLSSessionStore.slotWords)
        guard !count.overflow else { throw TLSError("the size of an \"ssl_session_cache\" is too large") }
        do throws(Errno) {
            if let descriptor {
                memory = try SharedMemory(adopting: descriptor, count: count.partialValue)
            } else {
                memory = try SharedMemory(count: count.partialValue)
            }
        } catch {
            throw TLSError("mmap() of \"ssl_session_cache\" failed \(error.logText)")
        }
    }

    // MARK: The table

    /// Keeps `session` until `expiry`, in seconds of the monotonic clock.
    func insert(_ session: [UInt8], id: [UInt8], expiry: Int, now: Int) {
        guard session.count <= TLSSessionStore.sessionBytesMax, let key = SessionKey(id) else { return }
        guard let slot = slotToWrite(key, now: now) else { return }
        write(slot) {
            memory.store(slot + 1, expiry)
            memory.store(slot + 2, key.byteCount << 32 | session.count)
            for index in key.words.indices { memory.store(slot + 3 + index, key.words[index]) }
            for (index, word) in SessionKey.words(session).enumerated() {
                memory.store(slot + TLSSessionStore.headWords + index, word)
            }
        }
    }

    /// The session of this identifier, if it is kept and still holds.
    func find(id: [UInt8], now: Int) -> [UInt8]? {
        guard let key = SessionKey(id) else { return nil }
        for slot in slots(of: key) {
            let sequence = memory.load(slot)
            guard sequence & 1 == 0 else { continue }
            atomicMemoryFence(ordering: .acquiring)
            guard let session = read(slot, key, now) else { continue }
            atomicMemoryFence(ordering: .acquiring)
            if memory.load(slot) == sequence { return session }
        }
        return nil
    }

    /// Forgets the session of this identifier.
    func remove(id: [UInt8]) {
        guard let key = SessionKey(id) else { return }
        for slot in slots(of: key) where holds(slot, key) { write(slot) { memory.store(slot + 1, 0) } }
    }

    private func slots(of key: SessionKey) -> StrideTo<Int> {
        let bucketWords = TLSSessionStore.slotsInBucket * TLSSessionStore.slotWords
        let start = Int(UInt(bitPattern: key.words[0]) % UInt(bucketCount)) * bucketWords
        return stride(from: start, to: start + bucketWords, by: TLSSessionStore.slotWords)
    }

    private func holds(_ slot: Int, _ key: SessionKey) -> Bool {
        memory.load(slot + 2) >> 32 == key.byteCount
            && key.words.indices.allSatisfy { memory.load(slot + 3 + $0) == key.words[$0] }
    }

    /// The slot of the same identifier, or an expired one, or the one that expires first.
    private func slotToWrite(_ key: SessionKey, now: Int) -> Int? {
        let free = slots(of: key).filter { memory.load($0) & 1 == 0 }
        return free.first { holds($0, key) }
            ?? free.min { max(memory.load($0 + 1), now) < max(memory.load($1 + 1), now) }
    }

    private func write(_ slot: Int, _ body: () -> Void) {
        let sequence = memory.load(slot)
        guard sequence & 1 == 0, memory.exchange(slot, expected: sequence, with: sequence | 1) else { return }
        atomicMemoryFence(ordering: .releasing)
        body()
        atomicMemoryFence(ordering: .releasing)
        memory.store(slot, sequence &+ 2)
    }

    private func read(_ slot: Int, _ key: SessionKey, _ now: Int) -> [UInt8]? {
        guard holds(slot, key), memory.load(slot + 1) > now else { return nil }
        let count = memory.load(slot + 2) & 0xFFFF_FFFF
        guard count <= TLSSessionStore.sessionBytesMax else { return nil }
        return (0..<count).map { index in
            let word = memory.load(slot + TLSSessionStore.headWords + index / 8)
            return UInt8(truncatingIfNeeded: word >> (index % 8 * 8))
        }
    }

    // MARK: OpenSSL

    /// Makes `context` keep its sessions here. The context's owner must hold the store as long.
    func install(in context: OpaquePointer) {
        SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            if let ssl, let session, TLSSessionStore.isFound(ssl) { TLSSessionStore.of(ssl)?.keep(session) }
            // We hold a copy, not the session.
            return 0
        }
        SSL_CTX_sess_set_get_cb(context) { ssl, id, count, mustCopy in
            // What is returned is new, and OpenSSL's to free.
            mustCopy?.pointee = 0
            guard let ssl, let id, count > 0, let store = TLSSessionStore.of(ssl) else { return nil }
            guard let session = store.revive(Array(UnsafeBufferPointer(start: id, count: Int(count))))
            else { return nil }
            if ClientStatus.mayResume(session, ssl) { return session }
            SSL_SESSION_free(session)
            return nil
        }
        SSL_CTX_sess_set_remove_cb(context) { context, session in
            guard let context, let session, let store = SSL_CTX_get_ex_data(context, 0) else { return }
            let id = TLSSessionStore.id(of: session)
            Unmanaged<TLSSessionStore>.fromOpaque(store).takeUnretainedValue().remove(id: id)
        }
    }

    /// The session is looked for here when it is resumed. In TLS 1.3 tickets hold all of it (RFC 8446
    /// §4.6.1): keeping a copy of each cost 4 KiB a connection and found no one.
    private static func isFound(_ ssl: OpaquePointer) -> Bool {
        SSL_version(ssl) < TLS1_3_VERSION || SSL_get_options(ssl) & portico_op_no_ticket() != 0
    }

    private static func of(_ ssl: OpaquePointer) -> TLSSessionStore? {
        TLSConnection.of(ssl)?.sessionContext?.sessionStore
    }

    private static func id(of session: OpaquePointer) -> [UInt8] {
        var count: UInt32 = 0
        guard let start = SSL_SESSION_get_id(session, &count) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }

    private func keep(_ session: OpaquePointer) {
        let count = Int(i2d_SSL_SESSION(session, nil))
        guard count > 0, count <= TLSSessionStore.sessionBytesMax else { return }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, written in
            // The first call said how many bytes this one writes.
            var end = target.baseAddress
            written = Int(i2d_SSL_SESSION(session, &end))
        }
        let now = TLSSessionStore.now
        let expiry = now.addingReportingOverflow(SSL_SESSION_get_timeout(session))
        insert(
            bytes, id: TLSSessionStore.id(of: session), expiry: expiry.overflow ? .max : expiry.partialValue,
            now: now)
    }

    private func revive(_ id: [UInt8]) -> OpaquePointer? {
        guard let bytes = find(id: id, now: TLSSessionStore.now) else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_SSL_SESSION(nil, &start, bytes.count)
        }
    }
}

/// A session's identifier as numbers that can be stored one by one.
private struct SessionKey {
    let words: [Int]
    let byteCount: Int

    /// - Returns: `nil` if it is empty or longer than TLS allows, 32 bytes.
    init?(_ id: [UInt8]) {
        guard (1...32).contains(id.count) else { return nil }
        byteCount = id.count
        words = SessionKey.words(id + [UInt8](repeating: 0, count: 32 - id.count))
    }

    /// Eight bytes a number, the first byte lowest; the last one filled up with zeros.
    static func words(_ bytes: [UInt8]) -> [Int] {
        stride(from: 0, to: bytes.count, by: 8).map { start in
            let end = min(start + 8, bytes.count)
            return bytes[start..<end].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
    }
}
