internal import CLinux
internal import Glibc

/// A ring of io_uring(7) that sends through many sockets in one system call, and is used for nothing else.
///
/// Every send is asked for with MSG_DONTWAIT: the kernel carries it out, or says that it would have to wait,
/// while it takes the entry. So nothing is under way when `submit` has returned true, and no memory is lent
/// to the kernel for longer.
///
/// In bounds: entries are written at numbers below `entryCount`, which the kernel gave with the memory.
final class SendRing {
    /// At the most, in one call.
    let entryCount: Int
    private let fd: Int32
    private let rings: UnsafeMutableRawPointer
    private let ringByteCount: Int
    private let entries: UnsafeMutableRawPointer
    private let offsets: io_uring_params
    private var addedCount = 0
    private var isOpen = true

    // Numbers of linux/io_uring.h, which may be older than the kernel.
    private static var submissionBytes: Int { 64 }
    private static var completionBytes: Int { 16 }
    /// `IORING_OP_SEND`
    private static var sendOperation: UInt8 { 26 }
    /// `IORING_SETUP_SINGLE_ISSUER`, `IORING_SETUP_DEFER_TASKRUN`: one process uses it, and completions come
    /// when that asks, without interrupts between processors.
    private static var setup: UInt32 { 1 << 12 | 1 << 13 }
    /// `IORING_OFF_SQES`
    private static var entriesOffset: Int { 0x1000_0000 }

    /// - Returns: `nil`: the kernel is older than 6.1, or the system forbids it (`kernel.io_uring_disabled`,
    ///   a filter of system calls).
    init?(entryCount wanted: UInt32) {
        var parameters = io_uring_params()
        parameters.flags = SendRing.setup
        fd = portico_ring_setup(wanted, &parameters)
        guard fd >= 0 else { return nil }
        offsets = parameters
        entryCount = Int(parameters.sq_entries)
        ringByteCount = max(
            Int(parameters.sq_off.array) + entryCount * 4,
            Int(parameters.cq_off.cqes) + Int(parameters.cq_entries) * SendRing.completionBytes)
        let single = parameters.features & UInt32(IORING_FEAT_SINGLE_MMAP) != 0
        guard single, let rings = SendRing.map(fd, ringByteCount, at: 0) else {
            Glibc.close(fd)
            return nil
        }
        self.rings = rings
        guard
            let entries = SendRing.map(
                fd, entryCount * SendRing.submissionBytes, at: SendRing.entriesOffset)
        else {
            munmap(rings, ringByteCount)
            Glibc.close(fd)
            return nil
        }
        self.entries = entries
        // The order of submissions is that of the entries.
        for index in 0..<entryCount {
            rings.storeBytes(
                of: UInt32(index), toByteOffset: Int(offsets.sq_off.array) + index * 4, as: UInt32.self)
        }
    }

    deinit { close() }

    /// Gives its memory back, and ends what the system may still do; nothing is asked for any more.
    func close() {
        guard isOpen else { return }
        isOpen = false
        munmap(entries, entryCount * SendRing.submissionBytes)
        munmap(rings, ringByteCount)
        Glibc.close(fd)
    }

    private static func map(_ fd: Int32, _ byteCount: Int, at offset: Int) -> UnsafeMutableRawPointer? {
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset)
        return memory == MAP_FAILED ? nil : memory
    }

    private func load(_ offset: UInt32) -> UInt32 {
        rings.load(fromByteOffset: Int(offset), as: UInt32.self)
    }

    private func store(_ value: UInt32, _ offset: UInt32) {
        rings.storeBytes(of: value, toByteOffset: Int(offset), as: UInt32.self)
    }

    /// Asks for a send.
    ///
    /// - Parameters:
    ///   - bytes: stay where they are until `submit` has returned.
    ///   - more: see `Socket.send`.
    ///   - tag: what `submit` calls it.
    /// - Precondition: fewer than `entryCount` were asked for since the last `submit`.
    func add(_ fd: Int32, _ bytes: UnsafeRawBufferPointer, more: Bool, tag: Int) {
        precondition(addedCount < entryCount, "more sends than entries")
        let position = load(offsets.sq_off.tail) &+ UInt32(truncatingIfNeeded: addedCount)
        // What is not written here was zero from the beginning: all entries are sends.
        let entry = entries + (Int(position) & (entryCount &- 1)) &* SendRing.submissionBytes
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT) | (more ? Int32(MSG_MORE) : 0)
        entry.storeBytes(of: SendRing.sendOperation, as: UInt8.self)
        entry.storeBytes(of: fd, toByteOffset: 4, as: Int32.self)
        entry.storeBytes(
            of: UInt64(UInt(bitPattern: bytes.baseAddress)), toByteOffset: 16, as: UInt64.self)
        entry.storeBytes(of: UInt32(clamping: bytes.count), toByteOffset: 24, as: UInt32.self)
        entry.storeBytes(of: flags, toByteOffset: 28, as: Int32.self)
        entry.storeBytes(of: UInt64(tag), toByteOffset: 32, as: UInt64.self)
        addedCount &+= 1
    }

    /// Sends what was asked for.
    ///
    /// - Parameter completed: called for each, in any order, with its tag and what send(2) would have
    ///   returned, or the error's number below zero.
    /// - Returns: whether the ring can be used again; if not, what was not `completed` may or may not have
    ///   been sent.
    func submit(_ completed: (Int, Int32) -> Void) -> Bool {
        let count = addedCount
        addedCount = 0
        store(load(offsets.sq_off.tail) &+ UInt32(count), offsets.sq_off.tail)
        var submitted = 0
        var reaped = 0
        // More than one call is needed only if a signal or a lack of memory stopped the first.
        for _ in 0..<100 {
            let result = portico_ring_enter(fd, UInt32(count - submitted), UInt32(count - reaped))
            let isFault = result < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY
            submitted += max(0, Int(result))
            reaped += reap(completed)
            if reaped == count { return true }
            if isFault { return false }
        }
        return false
    }

    private func reap(_ completed: (Int, Int32) -> Void) -> Int {
        var head = load(offsets.cq_off.head)
        let tail = load(offsets.cq_off.tail)
        let count = Int(tail &- head)
        while head != tail {
            let entry =
                rings + Int(offsets.cq_off.cqes) + Int(head & (offsets.cq_entries - 1))
                * SendRing.completionBytes
            let tag = entry.load(as: UInt64.self)
            completed(Int(tag), entry.load(fromByteOffset: 8, as: Int32.self))
            head &+= 1
        }
        store(head, offsets.cq_off.head)
        return count
    }
}
