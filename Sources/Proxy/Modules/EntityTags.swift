internal import Core

/// Lists of entity tags: `If-Match`, `If-None-Match`.
///
/// - SeeAlso: RFC 9110 §8.8.3, §13.1.1, §13.1.2.
enum EntityTags {
    /// Whether `list` is `*` or names `tag`.
    ///
    /// - Parameter weakly: a `W/` before either does not matter.
    static func contain(_ tag: Span<UInt8>, in list: Span<UInt8>, weakly: Bool) -> Bool {
        if list.count == 1 && list[0] == UInt8(ascii: "*") { return true }
        if tag.isEmpty { return false }
        let wanted = weakly ? withoutWeakness(tag, from: 0) : 0
        var position = 0
        while position < list.count {
            if weakly { position = withoutWeakness(list, from: position) }
            if let end = matchEnd(tag, from: wanted, in: list, at: position) {
                let next = skip(list, from: end) { $0 == .space || $0 == .tab }
                if next == list.count || list[next] == UInt8(ascii: ",") { return true }
            }
            position = skip(list, from: position) { $0 != UInt8(ascii: ",") }
            position = skip(list, from: position) { $0 == .space || $0 == .tab || $0 == UInt8(ascii: ",") }
        }
        return false
    }

    /// Whether `value` is exactly the strong tag `tag`: `If-Range`.
    static func isStrongly(_ value: Span<UInt8>, _ tag: Span<UInt8>) -> Bool {
        guard value.count == tag.count, !tag.isEmpty, tag[0] == UInt8(ascii: "\"") else { return false }
        for index in tag.indices where tag[index] != value[index] { return false }
        return true
    }

    private static func withoutWeakness(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let isWeak =
            start + 2 < bytes.count && bytes[start] == UInt8(ascii: "W")
            && bytes[start + 1] == UInt8(ascii: "/")
        return isWeak ? start + 2 : start
    }

    private static func matchEnd(
        _ tag: Span<UInt8>, from start: Int, in list: Span<UInt8>, at position: Int
    ) -> Int? {
        let count = tag.count - start
        guard list.count - position >= count else { return nil }
        for offset in 0..<count where list[position + offset] != tag[start + offset] { return nil }
        return position + count
    }

    private static func skip(_ bytes: Span<UInt8>, from start: Int, while isSkipped: (UInt8) -> Bool) -> Int {
        var position = start
        while position < bytes.count && isSkipped(bytes[position]) { position += 1 }
        return position
    }
}
