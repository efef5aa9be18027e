import Core
import TestSupport

/// Random choices that a seed repeats .
struct Dice: Sendable {
    private var numbers: SplitMix

    init(seed: UInt64) {
        numbers = SplitMix(seed: seed)
    }

    mutating func next() -> UInt64 { numbers.next() }

    /// A number from 0 up to but not including `count`.
    mutating func below(_ count: Int) -> Int { numbers.next(below: count) }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    /// One of the choices, each as likely as its weight.
    mutating func pick<Choice>(_ choices: [(weight: Int, choice: Choice)]) -> Choice {
        var left = below(choices.reduce(0) { $0 + $1.weight })
        for (weight, choice) in choices {
            if left < weight { return choice }
            left -= weight
        }
        return choices[0].choice
    }
}
