/// The bytes that HTTP and the configuration language are made of.
extension UInt8 {
    /// HTAB: RFC 9110 §5.6.3.
    @inlinable public static var tab: UInt8 { 0x09 }
    /// LF, which ends a line of a head.
    @inlinable public static var lineFeed: UInt8 { 0x0A }
    /// CR, allowed before LF only: RFC 9112 §2.2.
    @inlinable public static var carriageReturn: UInt8 { 0x0D }
    /// SP.
    @inlinable public static var space: UInt8 { 0x20 }

    /// `A`–`Z` as `a`–`z`; every other byte as it is.
    @inlinable public var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
    /// `0`–`9`.
    @inlinable public var isASCIIDigit: Bool { self &- 0x30 < 10 }
    /// `A`–`Z` and `a`–`z`.
    @inlinable public var isASCIIAlpha: Bool { (self | 0x20) &- 0x61 < 26 }

    /// The value of a hexadecimal digit, or `nil`.
    @inlinable public var hexDigitValue: UInt8? {
        if isASCIIDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// `value` (0–15) as a lower- or upper-case hexadecimal digit.
    @inlinable public static func hexDigit(_ value: UInt8, uppercase: Bool = false) -> UInt8 {
        let low = value & 0x0F
        if low < 10 { return 0x30 &+ low }
        return (uppercase ? 0x41 : 0x61) &+ (low &- 10)
    }
}

/// Whether both are the same, ASCII letters compared without case.
@inlinable
public func equalsIgnoringCase(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index].asciiLowercased != right[index].asciiLowercased {
        return false
    }
    return true
}

/// Whether `bytes` are `text`, ASCII letters compared without case.
@inlinable
public func equalsIgnoringCase(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { wanted in
        for index in bytes.indices where bytes[index].asciiLowercased != wanted[index].asciiLowercased {
            return false
        }
        return true
    }
}
