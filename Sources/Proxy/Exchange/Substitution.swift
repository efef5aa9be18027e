internal import Config
internal import Core
internal import Net

/// `sub_filter` at work on the content of one response: texts are replaced by others wherever they stand,
/// however the content is cut into pieces.
///
/// As in nginx the leftmost text is found, of several that begin there the one that was configured first, and
/// what replaces a text is made once a response. Holds back what may be the beginning of a text, and no more:
/// time is linear in the content, or at worst in that times the longest text.
final class Substitution {
    /// Most bytes that are taken at once.
    private static var pieceMax: Int { 16 << 10 }
    /// Bytes that are looked at in one step, about: many more than are given where texts overlap.
    private static var lookMax: Int { 128 << 10 }

    /// A text that was found, unless one that stands before it is found as well.
    private struct Found {
        let text: Int
        let start: Int
        let end: Int
    }

    private var table = SearchTable([])
    /// For each text, what it is replaced by.
    private var replacements: [Template<Variable>] = []
    /// Where in `made` that stands; `nil`: it is not made yet.
    private var values: [Slice?] = []
    private let made = ByteBuffer(capacity: 64)
    /// Texts that are replaced once, and were.
    private var isUsed: [Bool] = []
    private var leftCount = 0
    private var isOnce = true

    /// What was taken and not given.
    private let window = ByteBuffer(capacity: 256)
    /// So much of it was looked at, and led to `state`.
    private var lookedAt = 0
    private var state = 0
    private var found: Found?
    /// Bytes that were looked at in the last step.
    private(set) var lookedCount = 0

    /// The content of a response begins.
    func begin(_ plan: SubstitutionPlan, _ table: SearchTable, _ replacements: [Template<Variable>]) {
        self.table = table
        self.replacements = replacements
        isOnce = plan.isOnce
        leftCount = replacements.count
        values.removeAll(keepingCapacity: true)
        isUsed.removeAll(keepingCapacity: true)
        for _ in replacements {
            values.append(nil)
            isUsed.append(false)
        }
        restart()
    }

    private func restart() {
        window.removeAll()
        made.removeAll()
        lookedAt = 0
        state = 0
        found = nil
    }

    /// It is over, or given up.
    func end() {
        replacements = []
        restart()
        window.shrink(toCapacity: 64 << 10)
        made.shrink(toCapacity: 64 << 10)
    }

    /// It can go on without more content.
    var isBehind: Bool { lookedAt < window.count }

    /// Takes from the front of `input`, and appends to `out` until that has `atMost` bytes, or until it was
    /// worked for long enough.
    ///
    /// - Parameter isLast: no more content comes.
    func replace(
        _ input: ByteBuffer, isLast: Bool, into out: ByteBuffer, atMost: Int, for exchange: Exchange
    ) -> ContentCoder.Step {
        lookedCount = 0
        while out.count < max(atMost, 1), lookedCount < Self.lookMax {
            if isBehind || takeMore(from: input) {
                let start = lookedAt
                look()
                lookedCount += lookedAt - start
                if isSettled { replaceFound(for: exchange, into: out) } else { give(into: out) }
            } else {
                guard isLast else { return .wantsInput }
                guard found != nil else {
                    out.append(contentsOf: window)
                    restart()
                    return .ended
                }
                replaceFound(for: exchange, into: out)
            }
        }
        return .wantsRoom
    }

    private func takeMore(from input: ByteBuffer) -> Bool {
        let count = min(input.count, Self.pieceMax)
        guard count > 0 else { return false }
        window.append(Slice(from: 0, to: count), of: input)
        input.consume(count)
        return true
    }

    // MARK: Finding

    private func look() {
        guard leftCount > 0 else { return lookedAt = window.count }
        var index = lookedAt
        window.withReadable { bytes in
            while index < bytes.count {
                if state == 0, found == nil {
                    while index < bytes.count, !table.begins(with: bytes[index]) { index += 1 }
                    guard index < bytes.count else { break }
                }
                state = table.next(state, bytes[index])
                index += 1
                lookedAt = index
                note(end: index)
                if isSettled { return }
            }
        }
        lookedAt = index
    }

    private func note(end: Int) {
        guard let text = table.text(endingIn: state, unless: isUsed) else { return }
        let start = end - table.lengths[text]
        if let found, start > found.start || (start == found.start && text > found.text) { return }
        found = Found(text: text, start: start, end: end)
    }

    /// What was found is what nginx finds: nothing before it can be.
    private var isSettled: Bool {
        guard let found else { return false }
        let start = lookedAt - table.depth(of: state)
        return start > found.start || (start == found.start && !table.mayPrecede(found.text, in: state))
    }

    // MARK: Giving

    /// Gives what cannot be a part of a text.
    private func give(into out: ByteBuffer) {
        let count = min(lookedAt - table.depth(of: state), found?.start ?? .max)
        out.append(Slice(from: 0, to: count), of: window)
        drop(count)
    }

    private func drop(_ count: Int) {
        window.consume(count)
        lookedAt -= count
        found = found.map { Found(text: $0.text, start: $0.start - count, end: $0.end - count) }
    }

    private func replaceFound(for exchange: Exchange, into out: ByteBuffer) {
        guard let hit = found else { return }
        out.append(Slice(from: 0, to: hit.start), of: window)
        out.append(value(of: hit.text, exchange), of: made)
        window.consume(hit.end)
        // What stands behind it is looked at anew.
        found = nil
        lookedAt = 0
        state = 0
        if isOnce {
            isUsed[hit.text] = true
            leftCount -= 1
        }
    }

    private func value(of text: Int, _ exchange: Exchange) -> Slice {
        if let known = values[text] { return known }
        let start = made.count
        replacements[text].append(for: exchange, to: made)
        let value = Slice(from: start, to: made.count)
        values[text] = value
        return value
    }
}
