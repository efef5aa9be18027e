/// Agreement on the protocol inside TLS: RFC 7301.
enum ALPN {
    /// The first of `preferred` that stands in the client's list of length-prefixed names.
    ///
    /// - Returns: where it stands in `offered`, without its length.
    static func choose(from offered: Span<UInt8>, preferring preferred: [[UInt8]]) -> Range<Int>? {
        for name in preferred {
            var index = 0
            while index < offered.count {
                let start = index + 1
                let end = start + Int(offered[index])
                guard end <= offered.count else { return nil }
                if name.count == end - start && name.indices.allSatisfy({ name[$0] == offered[start + $0] }) {
                    return start..<end
                }
                index = end
            }
        }
        return nil
    }

    /// The names, each after its length, as a client sends them. Names that cannot be sent are left out.
    static func encode(_ names: [String]) -> [UInt8] {
        names.map { Array($0.utf8) }.filter { (1...255).contains($0.count) }.flatMap {
            [UInt8($0.count)] + $0
        }
    }
}
