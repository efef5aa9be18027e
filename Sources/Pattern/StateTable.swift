/// The states of an automaton that were made so far, and where they lead.
struct StateTable {
    /// What makes a state what it is.
    struct Key: Hashable {
        /// Places reached, in order. Those where patterns begin anew go without saying.
        var places: [Int32]
        var before: Alphabet.Kind
        /// Patterns that were found to end before the last byte.
        var accepted: [Int32]
    }

    /// Nothing can match any more.
    static var dead: Int32 { 0 }
    /// The one at the beginning of the subject.
    static var first: Int32 { 1 }

    private let symbols: Int
    /// Row by row; -1: not made yet.
    private var transitions: [Int32] = []
    private var keys: [Key] = []
    private var accepted: [[Int32]] = []
    /// The dead state, and those that accept.
    private var special: [Bool] = []
    private var indices: [Key: Int32] = [:]
    /// Bytes taken, about.
    private(set) var memory = 0

    init(symbols: Int) {
        self.symbols = symbols
    }

    mutating func removeAll() {
        transitions.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        special.removeAll(keepingCapacity: true)
        indices.removeAll(keepingCapacity: true)
        memory = 0
        add(Key(places: [], before: .end, accepted: [-1]))
        special[0] = true
        for symbol in 0..<symbols { transitions[symbol] = StateTable.dead }
    }

    private mutating func add(_ key: Key) {
        transitions.append(contentsOf: repeatElement(-1, count: symbols))
        keys.append(key)
        accepted.append([])
        special.append(false)
        indices[key] = Int32(truncatingIfNeeded: keys.count - 1)
        memory += symbols * 4 + key.places.count * 8 + key.accepted.count * 8 + 192
    }

    func known(_ key: Key) -> Int32? { indices[key] }

    /// The state of a key; it is made if need be.
    mutating func index(of key: Key) -> Int32 {
        if let known = indices[key] { return known }
        add(key)
        return Int32(truncatingIfNeeded: keys.count - 1)
    }

    func key(of state: Int32) -> Key { keys[Int(state)] }

    @inline(__always)
    func next(_ state: Int32, _ symbol: Int) -> Int32 { transitions[Int(state) &* symbols &+ symbol] }

    mutating func connect(_ state: Int32, _ symbol: Int, _ next: Int32) {
        transitions[Int(state) * symbols + symbol] = next
    }

    @inline(__always)
    func isSpecial(_ state: Int32) -> Bool { special[Int(state)] }

    func isAccepting(_ state: Int32) -> Bool { !accepted[Int(state)].isEmpty }

    func accepted(by state: Int32) -> [Int32] { accepted[Int(state)] }

    mutating func setAccepted(_ state: Int32, _ patterns: [Int32]) {
        let found = Set(patterns).sorted()
        accepted[Int(state)] = found
        special[Int(state)] = special[Int(state)] || !found.isEmpty
        memory += found.count * 4
    }
}
