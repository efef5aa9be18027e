internal import Net

/// The compressors and their like of a worker: zlib's state takes up to 256 KiB, and is used again.
struct ContentCoders {
    /// Most responses of a worker that are coded at once: 64 MiB of state.
    static var usedMax: Int { 256 }
    /// Most of one client's connection: a client that takes nothing holds them.
    static var usedByClientMax: Int { 16 }
    /// Most that wait for further use.
    private static var idleMax: Int { 8 }

    private var idle: [ContentCoder] = []
    private(set) var usedCount = 0
    /// What could not be coded for want of room.
    var shortageLog = LogRation()

    init() { idle.reserveCapacity(Self.idleMax) }

    /// A response is to be coded.
    ///
    /// - Returns: whether there is room for it.
    mutating func reserve() -> Bool {
        guard usedCount < Self.usedMax else { return false }
        usedCount += 1
        return true
    }

    /// It is coded.
    mutating func release() { usedCount -= 1 }

    /// One that is at the beginning of its content; `nil`: there is no memory.
    mutating func take(_ kind: ContentCoder.Kind) -> ContentCoder? {
        guard let index = idle.lastIndex(where: { $0.kind == kind }) else { return ContentCoder(kind) }
        return idle.remove(at: index)
    }

    /// Takes one back; the one that nobody wanted for longest goes.
    mutating func give(_ coder: ContentCoder) {
        coder.restart()
        if idle.count == Self.idleMax { idle.removeFirst() }
        idle.append(coder)
    }
}
