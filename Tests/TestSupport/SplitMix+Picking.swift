package import Core

/// Choices that a seed repeats.
extension SplitMix {
    /// A number from 0 up to but not including `limit`.
    package mutating func next(below limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }

    /// One of the choices.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[next(below: choices.count)] }
}
