import Net

/// What a gateway counts and is told, in memory that outlives it: who started it sees the numbers also
/// when it was killed.
struct GatewayBoard {
    /// Numbers of requests that are told apart, over all gateways.
    static var numbersMax: Int { 1 << 20 }

    /// A cell for each number, and one for those that are too high.
    static func makeNumbers() throws(Errno) -> SharedMemory { try SharedMemory(count: numbersMax + 1) }

    private let memory: SharedMemory
    private let numbers: SharedMemory?

    /// - Parameter numbers: shared by all gateways that serve the same requests; `nil`: they are not told apart.
    init(numbers: SharedMemory? = nil) throws(Errno) {
        memory = try SharedMemory(count: 3)
        self.numbers = numbers
    }

    /// Requests that came.
    var requests: Int { memory.load(0) }

    var delayMs: Int {
        get { memory.load(1) }
        nonmutating set { memory.store(1, newValue) }
    }

    /// Of a hundred requests, how many are answered with 500.
    var errorPercent: Int {
        get { memory.load(2) }
        nonmutating set { memory.store(2, newValue) }
    }

    func countRequest() { memory.add(0, 1) }

    func countNumber(_ number: Int) {
        guard let numbers else { return }
        numbers.add(number >= 0 && number < GatewayBoard.numbersMax ? number : GatewayBoard.numbersMax, 1)
    }

    /// How often a request came that had come before; `nil`: there were more than can be told apart.
    static func duplicates(_ numbers: SharedMemory) -> Int? {
        guard numbers.load(numbersMax) == 0 else { return nil }
        var sum = 0
        for number in 0..<numbersMax { sum += max(0, numbers.load(number) - 1) }
        return sum
    }
}
