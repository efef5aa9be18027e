/// Everything that a configuration was made of besides the words of the command line: what files held,
/// which addresses names had, and which descriptors go with it.
///
/// As bytes: for each entry the length of its key (4 bytes, little-endian), the key, the value likewise.
struct Bundle: Equatable {
    private(set) var entries: [String: [UInt8]] = [:]

    init() {}

    /// - Returns: `nil`: these bytes were not made by `encoded`.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let key = Bundle.take(&rest), let value = Bundle.take(&rest) else { return nil }
            entries[String(decoding: key, as: UTF8.self)] = Array(value)
        }
    }

    subscript(key: String) -> [UInt8]? {
        get { entries[key] }
        set { entries[key] = newValue }
    }

    var encoded: [UInt8] {
        var out: [UInt8] = []
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
            Bundle.append(Array(key.utf8), to: &out)
            Bundle.append(value, to: &out)
        }
        return out
    }

    private static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        for shift in [0, 8, 16, 24] { out.append(UInt8(truncatingIfNeeded: bytes.count >> shift)) }
        out += bytes
    }

    private static func take(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.count >= 4 else { return nil }
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
