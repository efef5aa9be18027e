internal import Core

/// Guesses which name was meant by one that nobody knows.
public enum Spelling {
    /// Longer names are compared by this much of their beginning; no directive is as long.
    private static var bytesMax: Int { 64 }

    /// The nearest of `names`, if it is near enough to be worth saying.
    ///
    /// - Returns: `isCertain` when at most two letters differ and they are less than half of the word.
    static func nearest(to name: String, in names: [String]) -> (name: String, isCertain: Bool)? {
        let wanted = Array(name.utf8.prefix(bytesMax)).map(\.asciiLowercased)
        guard !wanted.isEmpty else { return nil }
        let limit = max(2, wanted.count / 4)
        var best: (distance: Int, name: String)?
        for candidate in names {
            let letters = Array(candidate.utf8.prefix(bytesMax))
            guard abs(letters.count - wanted.count) <= limit else { continue }
            let found = (distance: distance(wanted, letters), name: candidate)
            if best.map({ (found.distance, found.name) < ($0.distance, $0.name) }) ?? true { best = found }
        }
        guard let best, best.distance <= limit, best.distance * 2 < wanted.count else { return nil }
        return (best.name, best.distance <= 2)
    }

    /// `, did you mean "x"?`, or empty.
    public static func hint(for name: String, in names: [String]) -> String {
        guard let near = nearest(to: name, in: names) else { return "" }
        return near.isCertain ? ", did you mean \"\(near.name)\"?" : ", the nearest name is \"\(near.name)\""
    }

    /// Letters to change, add, drop or swap with their neighbour (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            row.reserveCapacity(right.count + 1)
            for j in right.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
