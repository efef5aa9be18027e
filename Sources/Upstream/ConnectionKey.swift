/// What an idle connection is found by, beside its address: equal keys stand for equal identities.
public struct ConnectionKey: Equatable, Sendable {
    /// A number for all of it that a configuration says.
    public var settings: Int
    /// What variables made for one request, in 128 bits that nobody outside can aim at; zero: nothing.
    private var made: (UInt64, UInt64) = (0, 0)

    /// The key of connections whose settings have no variables.
    public init(settings: Int) {
        self.settings = settings
    }

    /// Adds what variables made.
    public mutating func add(_ bytes: Span<UInt8>) {
        // The process has a secret of its own that both begin with.
        var hashers = (Hasher(), Hasher())
        hashers.0.combine(made.0)
        hashers.1.combine(~made.1)
        hashers.0.combine(bytes.count)
        hashers.1.combine(bytes.count)
        for index in bytes.indices {
            hashers.0.combine(bytes[index])
            hashers.1.combine(bytes[index])
        }
        made = (
            UInt64(bitPattern: Int64(hashers.0.finalize())), UInt64(bitPattern: Int64(hashers.1.finalize()))
        )
    }

    /// Whether a connection that was made under one may serve a request of the other.
    public static func == (one: ConnectionKey, other: ConnectionKey) -> Bool {
        one.settings == other.settings && one.made.0 == other.made.0 && one.made.1 == other.made.1
    }
}
