/// `grpc-timeout`: how long the client waits for what a call comes to.
public enum GRPCTimeout {
    /// At most eight digits, and a unit.
    private static var digitsMax: Int { 8 }

    /// Milliseconds of a value such as `100m`, rounded up; `nil`: it is none.
    public static func milliseconds(_ value: Span<UInt8>) -> Int? {
        guard value.count >= 2, value.count <= digitsMax + 1 else { return nil }
        var number = 0
        for index in 0..<(value.count - 1) {
            let digit = value[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + Int(digit)
        }
        switch value[value.count - 1] {
        case UInt8(ascii: "H"): return number * 3_600_000
        case UInt8(ascii: "M"): return number * 60_000
        case UInt8(ascii: "S"): return number * 1000
        case UInt8(ascii: "m"): return number
        case UInt8(ascii: "u"): return (number + 999) / 1000
        case UInt8(ascii: "n"): return (number + 999_999) / 1_000_000
        default: return nil
        }
    }
}
