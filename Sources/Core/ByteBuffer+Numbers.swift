/// Numbers as text, written in place.
extension ByteBuffer {
    /// Appends `value` in decimal.
    @_effects(releasenone)
    public func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Appends `value` in decimal.
    @_effects(releasenone)
    public func append(decimal value: UInt) {
        append(decimal: value, width: 1)
    }

    /// Appends `value` in decimal, with zeros before it to fill `width`.
    @_effects(releasenone)
    public func append(decimal value: UInt, width: Int) {
        if value < 1000 && width <= 3 { return append(short: value, width: width) }
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

    /// Appends a status: three digits.
    @_effects(releasenone)
    public func append(status: UInt16) {
        guard status < 1000 else { return append(decimal: UInt(status)) }
        reserve(3)
        put(0x30 &+ UInt8(truncatingIfNeeded: status / 100))
        put(0x30 &+ UInt8(truncatingIfNeeded: status / 10 % 10))
        put(0x30 &+ UInt8(truncatingIfNeeded: status % 10))
    }

    /// Statuses and most lengths: half of what digits of any number take.
    private func append(short value: UInt, width: Int) {
        reserve(3)
        if value >= 100 || width == 3 { put(0x30 &+ UInt8(truncatingIfNeeded: value / 100)) }
        if value >= 10 || width >= 2 { put(0x30 &+ UInt8(truncatingIfNeeded: value / 10 % 10)) }
        put(0x30 &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// Appends the four bytes of `address`, the highest first, as IPv4 addresses are written.
    ///
    /// By itself: as four numbers of any size it took 660 instructions of each request that tells its
    /// client's address.
    @_effects(releasenone)
    public func append(dottedDecimal address: UInt32) {
        // The longest: 255.255.255.255.
        reserve(15)
        var rest = address
        for position in 0..<4 {
            if position > 0 { put(UInt8(ascii: ".")) }
            let octet = UInt8(truncatingIfNeeded: rest >> 24)
            rest <<= 8
            if octet >= 100 { put(0x30 &+ octet / 100) }
            if octet >= 10 { put(0x30 &+ octet / 10 % 10) }
            put(0x30 &+ octet % 10)
        }
    }

    /// One byte of those that were reserved.
    @inline(__always)
    private func put(_ byte: UInt8) {
        base[tail] = byte
        tail &+= 1
    }

    /// Appends the two bytes of `value`, the higher one first.
    @_effects(releasenone)
    public func append(bigEndian value: UInt16) {
        reserve(2)
        put(UInt8(truncatingIfNeeded: value >> 8))
        put(UInt8(truncatingIfNeeded: value))
    }

    /// Appends the four bytes of `value`, the highest first.
    @_effects(releasenone)
    public func append(bigEndian value: UInt32) {
        reserve(4)
        put(UInt8(truncatingIfNeeded: value >> 24))
        put(UInt8(truncatingIfNeeded: value >> 16))
        put(UInt8(truncatingIfNeeded: value >> 8))
        put(UInt8(truncatingIfNeeded: value))
    }

    /// Appends `value` in lower-case hexadecimal, without leading zeros.
    @_effects(releasenone)
    public func append(hexadecimal value: UInt) {
        var shift = 60
        while shift > 0 && (value >> UInt(shift)) & 0xF == 0 { shift -= 4 }
        while shift >= 0 {
            append(UInt8.hexDigit(UInt8(truncatingIfNeeded: value >> UInt(shift))))
            shift -= 4
        }
    }

    /// Appends milliseconds as seconds with three decimals: 1042 is `1.042`.
    @_effects(releasenone)
    public func append(secondsFromMilliseconds value: Int) {
        append(decimal: value / 1000)
        append(UInt8(ascii: "."))
        append(decimal: (value % 1000).magnitude, width: 3)
    }
}
