/// Finds the narrowest network that an address belongs to. Addresses stand at the upper end of 128 bits.
struct AddressTrie {
    /// A network: the address's bits, and how many of them count.
    struct Network: Equatable {
        let high: UInt64
        let low: UInt64
        let length: Int

        /// Everything.
        static var all: Network { Network(high: 0, low: 0, length: 0) }
    }

    private struct Node {
        var zero: Int32 = -1
        var one: Int32 = -1
        var value: Int32 = -1
    }

    private var nodes = [Node()]

    /// Says what addresses of a network come to.
    ///
    /// - Returns: what they came to before, if this very network was named already.
    @discardableResult
    mutating func insert(_ network: Network, _ value: Int) -> Int? {
        var index = 0
        for depth in 0..<network.length {
            let isOne = AddressTrie.bit(depth, network.high, network.low)
            var next = isOne ? nodes[index].one : nodes[index].zero
            if next < 0 {
                next = Int32(clamping: nodes.count)
                nodes.append(Node())
                if isOne { nodes[index].one = next } else { nodes[index].zero = next }
            }
            index = Int(next)
        }
        let old = nodes[index].value
        nodes[index].value = Int32(clamping: value)
        return old < 0 ? nil : Int(old)
    }

    /// Forgets a network.
    ///
    /// - Returns: whether it was named.
    mutating func remove(_ network: Network) -> Bool {
        var index = 0
        for depth in 0..<network.length {
            let isOne = AddressTrie.bit(depth, network.high, network.low)
            let next = isOne ? nodes[index].one : nodes[index].zero
            guard next >= 0 else { return false }
            index = Int(next)
        }
        guard nodes[index].value >= 0 else { return false }
        nodes[index].value = -1
        return true
    }

    /// What the narrowest network around the address comes to.
    func find(high: UInt64, low: UInt64) -> Int? {
        var index = 0
        var depth = 0
        var found = nodes[0].value
        while depth < 128 {
            let next = AddressTrie.bit(depth, high, low) ? nodes[index].one : nodes[index].zero
            guard next >= 0 else { break }
            index = Int(next)
            if nodes[index].value >= 0 { found = nodes[index].value }
            depth += 1
        }
        return found < 0 ? nil : Int(found)
    }

    private static func bit(_ depth: Int, _ high: UInt64, _ low: UInt64) -> Bool {
        depth < 64 ? high >> UInt64(63 - depth) & 1 == 1 : low >> UInt64(127 - depth) & 1 == 1
    }
}
