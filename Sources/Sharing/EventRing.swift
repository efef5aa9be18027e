public import Net

/// The last few things that went wrong, written by all workers: each in a place of its own, the oldest one's.
///
/// A place holds a `Seqlock`'s number, two numbers, and four texts.
public final class EventRing {
    /// Places.
    public static var capacity: Int { 32 }
    private static var placeSize: Int { 4 + 4 * SharedText.numbers }

    /// One thing.
    public struct Event: Sendable, Equatable {
        /// When, in milliseconds of the wall clock.
        public var atMs: Int
        /// What the client was answered.
        public var status: Int
        /// The reason, the request, the client, and the server.
        public var texts: [String]

        /// Something that happened.
        public init(atMs: Int, status: Int, texts: [String]) {
            self.atMs = atMs
            self.status = status
            self.texts = texts
        }
    }

    private let memory: SharedMemory

    /// An empty ring.
    public init() throws(Errno) {
        memory = try SharedMemory(count: 1 + EventRing.capacity * EventRing.placeSize)
    }

    /// Things so far.
    public var total: Int { memory.load(0) }

    /// Takes the oldest one's place.
    public func add(_ event: Event) {
        // Whoever adds at the same time gets another place.
        let serial = memory.add(0, 1) - 1
        let base = 1 + max(0, serial) % EventRing.capacity * EventRing.placeSize
        Seqlock(memory, base).write {
            memory.storeOrdered(base + 1, event.atMs)
            memory.storeOrdered(base + 2, event.status)
            for (index, text) in event.texts.prefix(4).enumerated() {
                SharedText(memory, at: base + 4 + index * SharedText.numbers).write(text)
            }
        }
    }

    /// The youngest first.
    public func events(max: Int) -> [Event] {
        let total = total
        var events: [Event] = []
        for back in 0..<Swift.min(total, max, EventRing.capacity) {
            let base = 1 + (total - 1 - back) % EventRing.capacity * EventRing.placeSize
            let event = Seqlock(memory, base).read { number -> Event? in
                guard number > 0 else { return nil }
                return Event(
                    atMs: memory.loadOrdered(base + 1), status: memory.loadOrdered(base + 2),
                    texts: (0..<4).map {
                        SharedText(memory, at: base + 4 + $0 * SharedText.numbers).read()
                    })
            }
            if let event = event ?? nil { events.append(event) }
        }
        return events
    }
}
