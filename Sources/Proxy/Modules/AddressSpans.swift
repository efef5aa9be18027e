internal import Config
internal import Net

/// Spans of IPv4 addresses, as `geo` with `ranges` has them, while they are read.
///
/// A later one may lie within an earlier one, and then counts there; any other overlap is a mistake.
struct AddressSpans {
    /// From one address to another, both included.
    struct Bounds: Hashable {
        let first: UInt32
        let last: UInt32

        /// Reads `10.0.0.0-10.0.0.255`.
        init?(_ text: String) {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let first = Bounds.address(parts[0]), let last = Bounds.address(parts[1]),
                first <= last
            else { return nil }
            self.first = first
            self.last = last
        }

        private static func address(_ text: Substring) -> UInt32? {
            guard let address = SocketAddress(ip: String(text), port: 0),
                case .ipv4(let value, _) = address.kind
            else { return nil }
            return value
        }
    }

    private var spans: [(bounds: Bounds, value: [UInt8], line: Statement)] = []
    private var places: [Bounds: Int] = [:]

    /// Says what a span comes to.
    ///
    /// - Returns: what it came to before, if this very one was named already.
    mutating func add(_ bounds: Bounds, _ value: [UInt8], _ line: Statement) -> [UInt8]? {
        if let place = places[bounds] {
            let old = spans[place].value
            spans[place].value = value
            return old
        }
        places[bounds] = spans.count
        spans.append((bounds, value, line))
        return nil
    }

    /// Forgets a span.
    ///
    /// - Returns: whether it was named.
    mutating func remove(_ bounds: Bounds) -> Bool {
        guard let place = places.removeValue(forKey: bounds) else { return false }
        spans.remove(at: place)
        for (bounds, index) in places where index > place { places[bounds] = index - 1 }
        return true
    }

    /// - Throws: for the first span that overlaps an earlier one without lying within it.
    func check() throws(ConfigError) {
        let order = spans.indices.sorted { left, right in
            let (left, right) = (spans[left].bounds, spans[right].bounds)
            return left.first != right.first ? left.first < right.first : left.last > right.last
        }
        var around: [Int] = []
        for index in order {
            let bounds = spans[index].bounds
            while let outer = around.last, spans[outer].bounds.last < bounds.first { around.removeLast() }
            if let outer = around.last, spans[outer].bounds.last < bounds.last || outer > index {
                let (earlier, later) = (spans[min(outer, index)].line, spans[max(outer, index)].line)
                throw ConfigError("range \"\(later.name)\" overlaps \"\(earlier.name)\"", later)
            }
            around.append(index)
        }
    }

    /// The networks that the spans are made of, those of an outer span before those within it.
    func forEachNetwork(_ body: (AddressTrie.Network, [UInt8]) -> Void) {
        for span in spans {
            var first = UInt64(span.bounds.first)
            let last = UInt64(span.bounds.last)
            while first <= last {
                var bits = min(first.trailingZeroBitCount, 32)
                while first + (1 << UInt64(bits)) - 1 > last { bits -= 1 }
                body(AddressTrie.Network(high: first << 32, low: 0, length: 32 - bits), span.value)
                first += 1 << UInt64(bits)
            }
        }
    }
}
