/// Patterns as a graph of places: what an automaton is built from.
///
/// Every place but those of bytes leads on without taking one.
struct PatternGraph {
    enum Place {
        /// Takes a byte out of `sets[set]`.
        case set(set: Int32, next: Int32)
        case fork(Int32, Int32)
        case assertion(PatternNode.Assertion, next: Int32)
        case accept(pattern: Int32)
        case dead
    }

    private(set) var places: [Place] = []
    private(set) var sets: [ByteSet] = []
    /// Where the patterns begin, at the beginning of the subject.
    private(set) var starts: [Int32] = []
    /// Where those begin that may do so later.
    private(set) var restarts: [Int32] = []
    /// Whether a pattern matches just what its part of the graph does; or less.
    private(set) var isExact: [Bool] = []
    private(set) var assertions: Set<PatternNode.Assertion> = []

    private var setIndices: [ByteSet: Int32] = [:]
    private var copiesLeft = 0
    private var isCurrentExact = true

    /// Places that the copies of what is repeated may take in one pattern; beyond, it is simplified.
    static var copiesMax: Int { 1024 }

    init(_ patterns: [PatternNode]) {
        for (index, pattern) in patterns.enumerated() {
            copiesLeft = PatternGraph.copiesMax
            isCurrentExact = true
            let accept = add(.accept(pattern: Int32(truncatingIfNeeded: index)))
            let entry = build(pattern, accept)
            starts.append(entry)
            if !pattern.isAnchored { restarts.append(entry) }
            isExact.append(isCurrentExact)
        }
    }

    private mutating func add(_ place: Place) -> Int32 {
        places.append(place)
        return Int32(truncatingIfNeeded: places.count - 1)
    }

    private mutating func index(of set: ByteSet) -> Int32 {
        if let known = setIndices[set] { return known }
        sets.append(set)
        let index = Int32(truncatingIfNeeded: sets.count - 1)
        setIndices[set] = index
        return index
    }

    /// The place where `node` begins if `next` follows it.
    private mutating func build(_ node: PatternNode, _ next: Int32) -> Int32 {
        switch node {
        case .empty: return next
        case .set(let set): return add(.set(set: index(of: set), next: next))
        case .concatenation(let nodes):
            var entry = next
            for node in nodes.reversed() { entry = build(node, entry) }
            return entry
        case .alternation(let nodes):
            guard let last = nodes.last else { return next }
            var entry = build(last, next)
            for node in nodes.dropLast().reversed() { entry = add(.fork(build(node, next), entry)) }
            return entry
        case .group(let inner, _): return build(inner, next)
        case .repetition(let inner, let repetition): return build(inner, repetition, next)
        case .assertion(let assertion):
            assertions.insert(assertion)
            return add(.assertion(assertion, next: next))
        case .atomic(let inner):
            // A single byte or none leaves nothing to take back.
            isCurrentExact = isCurrentExact && inner.isDecided
            return build(inner, next)
        case .look:
            isCurrentExact = false
            return next
        case .backreference:
            isCurrentExact = false
            return loop(.set(.all), next).fork
        case .keep: return next
        }
    }

    private mutating func build(
        _ inner: PatternNode, _ repetition: PatternNode.Repetition, _ next: Int32
    ) -> Int32 {
        let copies = max((repetition.max ?? repetition.min) - 1, 0)
        let (size, isTooMuch) = inner.size.multipliedReportingOverflow(by: copies)
        guard !isTooMuch, size <= copiesLeft else {
            // As often as it likes is at least as much.
            isCurrentExact = false
            return loop(inner, next).fork
        }
        copiesLeft -= size
        var entry = next
        var needed = repetition.min
        if let most = repetition.max {
            for _ in needed..<most { entry = add(.fork(build(inner, entry), next)) }
        } else {
            let loop = loop(inner, next)
            entry = needed > 0 ? loop.body : loop.fork
            needed = max(needed - 1, 0)
        }
        for _ in 0..<needed { entry = build(inner, entry) }
        return entry
    }

    /// `inner` any number of times; `body`: once at least.
    private mutating func loop(_ inner: PatternNode, _ next: Int32) -> (fork: Int32, body: Int32) {
        let fork = add(.dead)
        let body = build(inner, fork)
        places[Int(fork)] = .fork(body, next)
        return (fork, body)
    }
}

extension PatternNode {
    /// Places that it takes in a graph, at the most.
    fileprivate var size: Int {
        switch self {
        case .empty, .look, .keep: return 1
        case .set, .assertion: return 1
        case .backreference: return 2
        case .concatenation(let nodes), .alternation(let nodes):
            return nodes.reduce(nodes.count) { min($0 &+ $1.size, 1 << 40) }
        case .group(let node, _), .atomic(let node): return node.size
        case .repetition(let node, let repetition):
            let copies = max(repetition.max ?? repetition.min + 1, 1)
            let (size, isTooMuch) = (node.size &+ 1).multipliedReportingOverflow(by: copies)
            return isTooMuch ? 1 << 40 : min(size, 1 << 40)
        }
    }

    /// Whether there is one way at the most in which it can match at a place.
    fileprivate var isDecided: Bool {
        switch self {
        case .empty, .set, .assertion: true
        case .group(let node, _): node.isDecided
        case .concatenation(let nodes): nodes.allSatisfy(\.isDecided)
        case .alternation, .repetition, .atomic, .look, .backreference, .keep: false
        }
    }
}
