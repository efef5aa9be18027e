public import Net

/// The processes that use places of tables in shared memory, and which places each of them uses.
///
/// A process has a row: its number, which worker it is, and a bit for each place of each table. A place is
/// used as long as a row says so; rows of dead processes are cleared when places run out, and earlier by who
/// learns of their end. Rows are taken and cleared, and places given out, under one lock; giving a place
/// back takes none, as nobody else writes to a living process's row. So no process writes to a place that has
/// become another's: one that is alive keeps what it uses, one that is dead does not write.
public final class Tenants {
    /// Rows beyond those of workers: masters and checkers, also of a binary that is being replaced.
    private static var othersMax: Int { 64 }
    /// Of a row, before its bits: the process, and which worker it is.
    private static var headSize: Int { 2 }
    private static var start: Int { 8 }
    /// How long a process waits for the lock, which is held while one group finds its places.
    private static var patienceMs: Int { 5000 }

    let memory: SharedMemory
    private let rowCount: Int
    private let rowSize: Int
    private let rowStart: Int
    private let capacities: [Int]
    private let current: () -> Int32
    private let isAlive: (Int32) -> Bool

    /// This process's row; `nil`: it uses nothing.
    private var row: Int?
    /// Whose row that is: a child that was forked has its parent's objects, not its row.
    private var process: Int32 = 0
    /// Changes when a process gets a row of its own: what its parent used is not its to give back.
    private(set) var epoch = 0
    private var depth = 0

    /// Room for `workers` workers, and for tables of these sizes.
    public convenience init(workers: Int, capacities: [Int]) throws(Errno) {
        let memory = try SharedMemory(count: Tenants.count(workers, capacities))
        self.init(memory, workers, capacities, { ProcessID.current }, ProcessID.isAlive)
    }

    /// What a former binary used.
    public convenience init(workers: Int, capacities: [Int], adopting descriptor: Int32) throws(Errno) {
        let memory = try SharedMemory(adopting: descriptor, count: Tenants.count(workers, capacities))
        self.init(memory, workers, capacities, { ProcessID.current }, ProcessID.isAlive)
    }

    /// - Parameters:
    ///   - current: the number of this process.
    ///   - isAlive: whether a process is there.
    init(
        _ memory: SharedMemory, _ workers: Int, _ capacities: [Int], _ current: @escaping () -> Int32,
        _ isAlive: @escaping (Int32) -> Bool
    ) {
        self.memory = memory
        self.capacities = capacities
        self.current = current
        self.isAlive = isAlive
        rowCount = workers + Tenants.othersMax
        rowSize = Tenants.rowSize(capacities)
        rowStart = Tenants.start + capacities.reduce(0, +) + capacities.count
    }

    private static func rowSize(_ capacities: [Int]) -> Int {
        capacities.reduce(headSize) { $0 + ($1 + 63) / 64 }
    }

    static func count(_ workers: Int, _ capacities: [Int]) -> Int {
        start + capacities.reduce(0, +) + capacities.count + (workers + othersMax) * rowSize(capacities)
    }

    /// The file behind it.
    public var descriptor: Int32? { memory.descriptor }

    /// What must be the same in a binary that goes on with it.
    public static var layout: String { "\(othersMax)+\(headSize)+\(start)" }

    /// One of the tables.
    public func table(_ index: Int) -> PlaceTable {
        let before = capacities[..<index]
        return PlaceTable(
            self, capacity: capacities[index], marks: Tenants.start + before.reduce(0, +) + before.count,
            words: before.reduce(Tenants.headSize) { $0 + ($1 + 63) / 64 })
    }

    // MARK: Rows

    /// Rows that anybody has ever had; the others' memory is not even looked at, which would allot it.
    private var rowsUsed: Int { min(max(memory.loadOrdered(0), 0), rowCount) }

    private func head(_ row: Int) -> Int { rowStart + row * rowSize }

    /// This process has a row from now on, if it had none: it was started, or forked.
    ///
    /// - Parameter worker: which worker it is; `nil`: it is none.
    public func enter(as worker: Int? = nil) {
        let process = current()
        if let row, memory.load(head(row)) == Int(process), self.process == process {
            return memory.storeOrdered(head(row) + 1, worker.map { $0 + 1 } ?? 0)
        }
        row = nil
        self.process = process
        epoch += 1
        depth = 0
        _ = locked {
            clearDead()
            guard let free = (0..<rowCount).first(where: { $0 >= rowsUsed || memory.load(head($0)) == 0 })
            else { return }
            clear(free)
            memory.storeOrdered(head(free) + 1, worker.map { $0 + 1 } ?? 0)
            memory.storeOrdered(head(free), Int(process))
            if free >= rowsUsed { memory.storeOrdered(0, free + 1) }
            row = free
        }
    }

    /// A process is known to have ended: its number may be another's soon.
    public func ended(_ process: Int32) {
        for row in 0..<rowsUsed where memory.loadOrdered(head(row)) == Int(process) { clear(row) }
    }

    /// Whether a living process serves as this worker, whoever started it.
    public func isServed(worker: Int) -> Bool {
        (0..<rowsUsed).contains { row in
            let process = Int32(truncatingIfNeeded: memory.loadOrdered(head(row)))
            return process != 0 && memory.loadOrdered(head(row) + 1) == worker + 1 && isAlive(process)
        }
    }

    private func clear(_ row: Int) {
        for index in Tenants.headSize..<rowSize where memory.load(head(row) + index) != 0 {
            memory.storeOrdered(head(row) + index, 0)
        }
        memory.storeOrdered(head(row) + 1, 0)
        memory.storeOrdered(head(row), 0)
    }

    /// Called under the lock.
    func clearDead() {
        for row in 0..<rowsUsed {
            let process = Int32(truncatingIfNeeded: memory.loadOrdered(head(row)))
            if process != 0, process != self.process, !isAlive(process) { clear(row) }
        }
    }

    /// Does what no two processes may do at one time; may be nested.
    ///
    /// - Returns: `nil`: another process had the lock all the time.
    public func locked<Result>(_ body: () -> Result) -> Result? {
        if depth == 0, !memory.lock(withinMs: Tenants.patienceMs) { return nil }
        depth += 1
        defer {
            depth -= 1
            if depth == 0 { memory.unlock() }
        }
        return body()
    }

    // MARK: Bits

    /// This process may say what it uses: it has a row, and is not a child that has none yet.
    var isEntered: Bool { row != nil && process == current() }

    /// - Parameter word: of the table's words in a row.
    func isUsed(word: Int, bit: Int) -> Bool {
        let mask = Int(bitPattern: 1 << UInt(bit))
        return (0..<rowsUsed).contains { memory.loadOrdered(head($0) + word) & mask != 0 }
    }

    func beginUse(word: Int, bit: Int) { change(word) { $0 | Int(bitPattern: 1 << UInt(bit)) } }

    func endUse(word: Int, bit: Int) { change(word) { $0 & ~Int(bitPattern: 1 << UInt(bit)) } }

    private func change(_ word: Int, _ next: (Int) -> Int) {
        guard let row else { return }
        memory.storeOrdered(head(row) + word, next(memory.load(head(row) + word)))
    }
}
