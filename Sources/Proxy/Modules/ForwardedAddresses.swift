internal import Core

/// The addresses in a field like `X-Forwarded-For`, from the nearest to the farthest.
enum ForwardedAddresses {
    /// The last address in the first `end` bytes of `field`: a run without spaces and commas.
    ///
    /// - Returns: where it stands; empty if there is none.
    static func last(of field: Span<UInt8>, before end: Int) -> Range<Int> {
        var upper = end
        while upper > 0 && isSeparator(field[upper - 1]) { upper -= 1 }
        var lower = upper
        while lower > 0 && !isSeparator(field[lower - 1]) { lower -= 1 }
        return lower..<upper
    }

    /// Walks from the sender's `address` through `field` towards the client.
    ///
    /// An address is believed only if the one that told it is trusted. Not recursive: one step, the
    /// last address of the field. Recursive: up to the first that is not trusted, or the farthest.
    /// - Parameters:
    ///   - isTrusted: whether an address is one of `set_real_ip_from`.
    ///   - parse: reads an address with or without a port.
    /// - Returns: how the walk ended; `address` is the farthest believed one.
    static func walk<Address>(
        _ field: Span<UInt8>, from address: inout Address, isRecursive: Bool,
        isTrusted: (Address) -> Bool, parse: (Span<UInt8>) -> Address?
    ) -> Walk {
        var hasMoved = false
        var end = field.count
        while true {
            guard isTrusted(address) else { return hasMoved ? .finished : .declined }
            let range = last(of: field, before: end)
            guard let next = parse(field.extracting(range)) else { return hasMoved ? .finished : .declined }
            address = next
            hasMoved = true
            end = range.lowerBound
            guard isRecursive else { return .finished }
            if end == 0 { return .exhausted }
        }
    }

    enum Walk: Equatable {
        /// The sender is not trusted, or the field holds no address.
        case declined
        /// The client was found.
        case finished
        /// The field's first address was reached: an earlier line of the field may lead on.
        case exhausted
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == .space || byte == UInt8(ascii: ",") }
}
