/// Numbers as text, written in place.
extension ByteBuffer {
    /// Appends `value` in decimal.
    public func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Appends `value` in decimal.
    public func append(decimal value: UInt) {
        append(decimal: value, width: 1)
    }

    /// Appends `value` in decimal, with zeros before it to fill `width`.
    public func append(decimal value: UInt, width: Int) {
        var digits = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        let count = max(digits, min(width, 20))
        reserve(count)
        rest = value
        // From the last digit to the first; `count` bytes were reserved.
        var offset = count
        while offset > 0 {
            offset &-= 1
            base[tail + offset] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        tail += count
    }

    /// Appends `value` in lower-case hexadecimal, without leading zeros.
    public func append(hexadecimal value: UInt) {
        var shift = 60
        while shift > 0 && (value >> UInt(shift)) & 0xF == 0 { shift -= 4 }
        while shift >= 0 {
            append(UInt8.hexDigit(UInt8(truncatingIfNeeded: value >> UInt(shift))))
            shift -= 4
        }
    }

    /// Appends milliseconds as seconds with three decimals: 1042 is `1.042`.
    public func append(secondsFromMilliseconds value: Int) {
        append(decimal: value / 1000)
        append(UInt8(ascii: "."))
        append(decimal: (value % 1000).magnitude, width: 3)
    }
}
