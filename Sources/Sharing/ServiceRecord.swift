public import Net

/// What the master knows of the service and its processes, in memory that workers read for the status page.
public final class ServiceRecord {
    private enum Place: Int {
        case generation, loadedMs, reloadMs, reloadSucceeded, respawned, startedMs, checkerPID, masterPID
        case diedMs
        /// Three numbers each.
        case masterUse = 9
        case checkerUse = 12
    }

    /// One worker process.
    package struct WorkerProcess {
        /// Which of all workers it is.
        package let slot: Int
        /// Of the process that is in the slot now.
        package let pid: Int
        /// Of the wall clock.
        package let startedMs: Int
        /// How often a worker of this slot was started again.
        package let respawns: Int
        /// What it uses of the machine, as of a few seconds ago.
        package var use = ProcessUse()
    }

    /// The service over a few seconds.
    package struct Sample: Equatable {
        /// When it was taken, of the wall clock.
        package var atMs = 0
        /// How long it is, in milliseconds.
        package var lengthMs = 0
        /// Requests that were answered within it.
        package var requests = 0
        /// Those of them that were answered with 500 or more.
        package var errors = 0
        /// How long they took.
        package var latency = Percentiles()

        /// Requests per second.
        package var rate: Int { lengthMs > 0 ? (requests * 1000 + lengthMs / 2) / lengthMs : 0 }
    }

    private static var textStart: Int { 16 }
    private static var slotStart: Int { 48 }
    private static var slotSize: Int { 6 }
    private static var sampleSize: Int { 7 }
    /// Samples that are kept.
    private static var samplesMax: Int { 150 }
    /// Time between two samples.
    package static var sampleMs: Int64 { 2000 }

    private let memory: SharedMemory
    private let slots: Int
    private var nextSampleMs: Int64 = 0
    private var lastSum: TallySum?
    private let recent: RecentWindows

    /// - Parameter slots: most workers that may live at one time.
    public init(slots: Int) throws(Errno) {
        self.slots = slots
        recent = try RecentWindows()
        let samples = 1 + ServiceRecord.samplesMax * ServiceRecord.sampleSize
        memory = try SharedMemory(
            count: ServiceRecord.slotStart + slots * ServiceRecord.slotSize + samples)
    }

    private func read(_ place: Place) -> Int { memory.load(place.rawValue) }
    private func write(_ place: Place, _ value: Int) { memory.store(place.rawValue, value) }
    private var message: SharedText { SharedText(memory, at: ServiceRecord.textStart) }

    // MARK: What the master says

    /// The service begins, with its first configuration.
    public func began(wallMs: Int64) {
        write(.startedMs, Int(wallMs))
        write(.loadedMs, Int(wallMs))
        write(.generation, 1)
        write(.masterPID, Int(ProcessID.current))
    }

    /// A reload is over.
    ///
    /// - Parameter complaint: why it was refused; `nil`: it was not.
    public func reloaded(wallMs: Int64, complaint: String?) {
        write(.reloadMs, Int(wallMs))
        write(.reloadSucceeded, complaint == nil ? 1 : 0)
        message.write(complaint ?? "")
        guard complaint == nil else { return }
        write(.loadedMs, Int(wallMs))
        memory.add(Place.generation.rawValue, 1)
    }

    /// A worker or the checker died and is started again.
    public func respawned(slot: Int?) {
        memory.add(Place.respawned.rawValue, 1)
        write(.diedMs, Int(Clock().wallMs))
        if let slot, slot < slots { memory.add(slotPlace(slot) + 2, 1) }
    }

    /// The checker runs.
    public func checkerStarted(pid: Int32) { write(.checkerPID, Int(pid)) }

    /// A worker runs in this slot.
    public func workerStarted(slot: Int, pid: Int32, wallMs: Int64) {
        guard slot < slots else { return }
        memory.store(slotPlace(slot), Int(pid))
        memory.store(slotPlace(slot) + 1, Int(wallMs))
    }

    /// It runs no more.
    public func workerEnded(slot: Int) {
        if slot < slots { memory.store(slotPlace(slot), 0) }
    }

    private func slotPlace(_ slot: Int) -> Int { ServiceRecord.slotStart + slot * ServiceRecord.slotSize }

    // MARK: What the page shows

    /// How many configurations have come into force.
    package var generation: Int { read(.generation) }
    /// When the last one did, of the wall clock.
    package var loadedMs: Int { read(.loadedMs) }
    /// When the first one did, of the wall clock.
    package var startedMs: Int { read(.startedMs) }
    /// Processes that were started in the place of one that died.
    package var respawnedTotal: Int { read(.respawned) }
    /// When a process died last; 0: none has.
    package var diedMs: Int { read(.diedMs) }
    /// 0: there is none.
    package var checkerPID: Int { read(.checkerPID) }
    /// 0: one process does it all.
    package var masterPID: Int { read(.masterPID) }

    /// The last reload: when, and why it was refused; `nil`: there was none.
    package var lastReload: (atMs: Int, complaint: String?)? {
        guard read(.reloadMs) > 0 else { return nil }
        return (read(.reloadMs), read(.reloadSucceeded) == 1 ? nil : message.read())
    }

    /// Those that run now, in the order of their slots.
    package var workers: [WorkerProcess] {
        (0..<slots).compactMap { slot in
            let pid = memory.load(slotPlace(slot))
            guard pid > 0 else { return nil }
            return WorkerProcess(
                slot: slot, pid: pid, startedMs: memory.load(slotPlace(slot) + 1),
                respawns: memory.load(slotPlace(slot) + 2), use: use(at: slotPlace(slot) + 3))
        }
    }

    // MARK: Processes

    /// What the master uses; a process that does it all is its own master.
    package var masterUse: ProcessUse { use(at: Place.masterUse.rawValue) }
    /// What the checker uses.
    package var checkerUse: ProcessUse { use(at: Place.checkerUse.rawValue) }

    private func use(at place: Int) -> ProcessUse {
        var use = ProcessUse()
        use.cpuMs = memory.load(place)
        use.residentBytes = memory.load(place + 1)
        use.descriptors = memory.load(place + 2)
        return use
    }

    private func write(_ use: ProcessUse?, at place: Int) {
        let use = use ?? ProcessUse()
        for (offset, number) in [use.cpuMs, use.residentBytes, use.descriptors].enumerated() {
            memory.store(place + offset, number)
        }
    }

    /// Looks what all processes use.
    private func lookAtProcesses() {
        func look(_ pid: Int, _ place: Int) {
            write(pid > 0 ? ProcessUse(of: Int32(truncatingIfNeeded: pid)) : nil, at: place)
        }
        for worker in workers { look(worker.pid, slotPlace(worker.slot) + 3) }
        look(masterPID, Place.masterUse.rawValue)
        look(checkerPID, Place.checkerUse.rawValue)
    }

    // MARK: Samples

    private var sampleStart: Int { ServiceRecord.slotStart + slots * ServiceRecord.slotSize }

    /// Takes a sample if it is time for one. Called by one process alone.
    public func sample(_ clock: Clock, _ sum: () -> TallySum) {
        guard clock.nowMs >= nextSampleMs else { return }
        lookAtProcesses()
        let now = sum()
        recent.take(now, nowMs: clock.nowMs)
        defer {
            lastSum = now
            nextSampleMs = clock.nowMs + ServiceRecord.sampleMs
        }
        guard let lastSum else { return }
        let length = clock.nowMs - nextSampleMs + ServiceRecord.sampleMs
        append(
            Sample(
                atMs: Int(clock.wallMs), lengthMs: Int(length), requests: now[.requests] - lastSum[.requests],
                errors: now[.serverErrors] - lastSum[.serverErrors],
                latency: Percentiles(now.latency.since(lastSum.latency))))
    }

    private func append(_ sample: Sample) {
        let index = memory.load(sampleStart) % ServiceRecord.samplesMax
        let base = sampleStart + 1 + index * ServiceRecord.sampleSize
        let numbers = [sample.atMs, sample.lengthMs, sample.requests, sample.errors]
        for (offset, number) in (numbers + sample.latency.numbers).enumerated() {
            memory.storeOrdered(base + offset, number)
        }
        memory.add(sampleStart, 1)
    }

    /// The last seconds and minutes, the shortest first.
    package var windows: [RecentWindow] { recent.windows }

    /// The oldest first.
    package var samples: [Sample] {
        let total = memory.load(sampleStart)
        let count = min(total, ServiceRecord.samplesMax)
        return (0..<count).map { index in
            let place = (total - count + index) % ServiceRecord.samplesMax
            let base = sampleStart + 1 + place * ServiceRecord.sampleSize
            let numbers = (0..<ServiceRecord.sampleSize).map { memory.loadOrdered(base + $0) }
            return Sample(
                atMs: numbers[0], lengthMs: numbers[1], requests: numbers[2], errors: numbers[3],
                latency: Percentiles(p50: numbers[4], p95: numbers[5], p99: numbers[6]))
        }
    }
}
