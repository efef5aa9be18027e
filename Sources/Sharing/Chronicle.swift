public import Net

/// What has happened to the service and to its servers, told by all processes. It outlives reloads, workers
/// and binaries.
///
/// Each kind has places of its own, so that many of one kind never push out another's; the oldest one's
/// place is taken. More in a second than a kind's ration are counted, and not kept.
public final class Chronicle {
    /// What something happened to.
    public enum Kind: Int, CaseIterable, Sendable {
        /// A server of an upstream: it went out of use, or came back.
        case server
        /// What somebody changed through the API.
        case change
        /// The configuration.
        case reload
        /// The service and its processes.
        case process
        /// A certificate's file.
        case certificate
        /// A limit was hit.
        case limit
        /// An access log's lines are lost.
        case log

        /// As programs and people read it.
        public var name: String {
            switch self {
            case .server: "server"
            case .change: "change"
            case .reload: "reload"
            case .process: "process"
            case .certificate: "certificate"
            case .limit: "limit"
            case .log: "log"
            }
        }

        fileprivate var capacity: Int { self == .server ? 256 : 64 }

        /// How many are kept within how many milliseconds.
        fileprivate var ration: (count: Int, ms: Int) {
            switch self {
            case .server: (100, 1000)
            case .change, .reload, .process, .certificate: (20, 1000)
            // Whoever is limited is so many times; a disk stays full for a while.
            case .limit, .log: (1, 10_000)
            }
        }

        fileprivate var start: Int {
            let before = Kind.allCases.prefix(rawValue).reduce(0) { $0 + $1.capacity }
            return Kind.allCases.count * Chronicle.headSize + before * Chronicle.placeSize
        }
    }

    /// One thing that happened.
    public struct Entry: Sendable, Equatable {
        /// When, in milliseconds of the wall clock.
        public var atMs = 0
        /// How long what it ended had lasted, in milliseconds; 0: nobody knows, or nothing ended.
        public var lastedMs = 0
        /// Whom it happened to: a server, a file, a process, a zone.
        public var subject: String
        /// The upstream that the subject is of; empty: none.
        public var upstream: String
        /// What happened, in a word or two.
        public var what: String
        /// Why.
        public var reason: String
        /// Who wanted it so.
        public var by = ""

        /// Something that happens now.
        public init(_ subject: String, _ what: String, reason: String = "", upstream: String = "") {
            self.subject = subject
            self.what = what
            self.reason = reason
            self.upstream = upstream
        }
    }

    /// Of one kind: all that happened, what the ration left out, and what younger ones pushed out.
    public struct Counts: Sendable, Equatable {
        /// All of them.
        public var total = 0
        /// Not kept.
        public var dropped = 0
        /// Kept for a while.
        public var forgotten = 0
    }

    private static var headSize: Int { 2 + stripes * 2 }
    /// Rations of one kind: one of many limits, or logs, must not use up what tells of the others.
    private static var stripes: Int { 16 }
    private static var textCount: Int { 5 }
    fileprivate static var placeSize: Int { 4 + textCount * SharedText.numbers }
    private static var count: Int {
        Kind.allCases.reduce(Kind.allCases.count * headSize) { $0 + $1.capacity * placeSize }
    }

    /// Of the numbers at a kind's head: those that were kept and those that were not. Behind them stands of
    /// each ration when it began, and what is used of it.
    private enum Head: Int { case kept, dropped }

    private let memory: SharedMemory

    /// Nothing has happened.
    public init() throws(Errno) { memory = try SharedMemory(count: Chronicle.count) }

    /// What a former binary wrote.
    public init(adopting descriptor: Int32) throws(Errno) {
        memory = try SharedMemory(adopting: descriptor, count: Chronicle.count)
    }

    /// What must be the same in a binary that goes on with it.
    static var layout: String { "\(Kind.allCases.map(\.capacity))/\(placeSize)" }

    /// What a binary that takes over finds it by.
    var descriptor: Int32? { memory.descriptor }

    private func index(_ head: Head, _ kind: Kind) -> Int {
        kind.rawValue * Chronicle.headSize + head.rawValue
    }

    // MARK: Telling

    /// Tells of something, unless there is too much of its kind: then it is only counted.
    ///
    /// - Parameters:
    ///   - wallMs: the time, of the wall clock.
    ///   - stripe: any number; those of one share a ration.
    ///   - entry: made only if it is kept.
    /// - Complexity: two numbers are looked at where the ration is used up.
    public func tell(_ kind: Kind, at wallMs: Int64, stripe: Int = 0, _ entry: @autoclosure () -> Entry) {
        guard admits(kind, stripe, Int(wallMs)) else {
            memory.add(index(.dropped, kind), 1)
            return
        }
        let entry = entry()
        // Whoever tells at the same time gets another place.
        let serial = memory.add(index(.kept, kind), 1) &- 1
        let base = place(serial, kind)
        Seqlock(memory, base).write {
            memory.storeOrdered(base + 1, Int(wallMs))
            memory.storeOrdered(base + 2, entry.lastedMs)
            let texts = [entry.subject, entry.upstream, entry.what, entry.reason, entry.by]
            for (index, text) in texts.enumerated() {
                SharedText(memory, at: base + 4 + index * SharedText.numbers).write(text)
            }
        }
    }

    private func place(_ serial: Int, _ kind: Kind) -> Int {
        kind.start + max(0, serial) % kind.capacity * Chronicle.placeSize
    }

    /// Two that look at the same time may both begin a ration: a few more are kept.
    private func admits(_ kind: Kind, _ stripe: Int, _ nowMs: Int) -> Bool {
        let (most, lengthMs) = kind.ration
        let ration = kind.rawValue * Chronicle.headSize + 2 + (stripe & (Chronicle.stripes - 1)) * 2
        let began = memory.load(ration)
        guard began > 0, (0..<lengthMs).contains(nowMs &- began) else {
            memory.store(ration, max(nowMs, 1))
            memory.store(ration + 1, 1)
            return true
        }
        guard memory.load(ration + 1) < most else { return false }
        return memory.add(ration + 1, 1) <= most
    }

    // MARK: Looking

    /// How many there have been.
    public func counts(_ kind: Kind) -> Counts {
        let kept = max(0, memory.load(index(.kept, kind)))
        let dropped = max(0, memory.load(index(.dropped, kind)))
        return Counts(total: kept &+ dropped, dropped: dropped, forgotten: max(0, kept - kind.capacity))
    }

    /// Those of a kind that are kept, the youngest first.
    public func entries(_ kind: Kind) -> [Entry] {
        let kept = max(0, memory.load(index(.kept, kind)))
        return (0..<min(kept, kind.capacity)).compactMap { back in
            let base = place(kept - 1 - back, kind)
            let entry = Seqlock(memory, base).read { number -> Entry? in
                guard number > 0 else { return nil }
                func text(_ index: Int) -> String {
                    SharedText(memory, at: base + 4 + index * SharedText.numbers).read()
                }
                var entry = Entry(text(0), text(2), reason: text(3), upstream: text(1))
                entry.atMs = memory.loadOrdered(base + 1)
                entry.lastedMs = max(0, memory.loadOrdered(base + 2))
                entry.by = text(4)
                return entry
            }
            return entry ?? nil
        }
    }
}
