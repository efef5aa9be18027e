public import Sharing

/// What one check has found out about one server, answer by answer, and what follows from it.
///
///     unchecked/up ──fails──▶ unhealthy ──passes──▶ up
///           │                    ▲ │
///         drain                  │ │ (a drain answer ends both)
///           ▼                    │ ▼
///        draining ───fails───────┘ draining ──passes──▶ up
public struct HealthRecord {
    /// How one check ended.
    public enum Answer: Equatable, Sendable {
        case passed
        case failed
        /// It answers, and asks for no more requests.
        case draining
    }

    /// What the check says of the server.
    public private(set) var health: Health
    private let failsNeeded: Int
    private let passesNeeded: Int
    private var failsInRow = 0
    private var passesInRow = 0

    /// - Parameter health: what was known of the server before this process began.
    public init(_ settings: HealthCheckSettings, health: Health) {
        self.health = health
        failsNeeded = settings.fails
        passesNeeded = settings.passes
    }

    /// Its state is being found out or about to change: it is asked more often.
    public var isChanging: Bool {
        switch health {
        case .checking: true
        case .unchecked, .up: failsInRow > 0
        case .unhealthy, .draining: passesInRow > 0
        }
    }

    /// Takes in how a check ended.
    ///
    /// - Returns: whether the state changed.
    public mutating func note(_ answer: Answer) -> Bool {
        let before = health
        switch answer {
        case .passed:
            failsInRow = 0
            passesInRow = min(passesInRow + 1, passesNeeded)
            // A server that nothing speaks against is up from its first pass on.
            if passesInRow >= passesNeeded || health == .unchecked { health = .up }
        case .failed:
            passesInRow = 0
            failsInRow = min(failsInRow + 1, failsNeeded)
            if failsInRow >= failsNeeded { health = .unhealthy }
        case .draining:
            passesInRow = 0
            failsInRow = 0
            health = .draining
        }
        return health != before
    }
}

extension Health {
    /// Several checks ask one server: the worst answer counts.
    public static func worst(_ states: some Sequence<Health>) -> Health {
        states.max { $0.gravity < $1.gravity } ?? .unchecked
    }

    private var gravity: Int {
        switch self {
        case .unchecked: 0
        case .up: 1
        case .checking: 2
        case .draining: 3
        case .unhealthy: 4
        }
    }
}
