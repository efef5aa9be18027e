internal import Core

/// Texts that are looked for all at once, letters of ASCII without case: the automaton of Aho and Corasick,
/// which looks at each byte once however many they are.
final class SearchTable {
    /// What was read last is the beginning of some text, or all of it: the longest such end of the bytes.
    private struct State {
        let byte: UInt8
        /// Bytes that it stands for.
        let depth: Int
        /// States with one more byte: the first one, and the next one beside this. 0: none.
        var firstChild = 0
        var sibling = 0
        /// The longest end of its bytes that is a beginning as well.
        var shorter = 0
        /// The first text that ends here; `nil`: none.
        var text: Int?
        /// The nearest of the shorter ones in which a text ends. 0: none.
        var shorterEnd = 0
        /// The first of the texts that go on here; `Int.max`: none does.
        var firstLonger = Int.max
    }

    private var states = [State(byte: 0, depth: 0)]
    /// The state for a byte of which nothing is known.
    private var starts = [Int](repeating: 0, count: 256)
    /// The next text that is the same as this; `nil`: there is none.
    private var same: [Int?] = []
    private(set) var lengths: [Int] = []

    /// - Parameter texts: none of them is empty.
    init(_ texts: [[UInt8]]) {
        for text in texts { add(text) }
        link()
    }

    private func add(_ text: [UInt8]) {
        let index = lengths.count
        lengths.append(text.count)
        same.append(nil)
        var state = 0
        for byte in text {
            states[state].firstLonger = min(states[state].firstLonger, index)
            state = child(of: state, byte.asciiLowercased) ?? addChild(of: state, byte.asciiLowercased)
        }
        guard var last = states[state].text else { return states[state].text = index }
        while let other = same[last] { last = other }
        same[last] = index
    }

    private func child(of state: Int, _ byte: UInt8) -> Int? {
        var child = states[state].firstChild
        while child != 0 {
            if states[child].byte == byte { return child }
            child = states[child].sibling
        }
        return nil
    }

    private func addChild(of state: Int, _ byte: UInt8) -> Int {
        states.append(State(byte: byte, depth: states[state].depth + 1))
        let child = states.count - 1
        states[child].sibling = states[state].firstChild
        states[state].firstChild = child
        return child
    }

    /// Shorter states first: each needs to know of those.
    private func link() {
        var queue = [0]
        var index = 0
        while index < queue.count {
            let state = queue[index]
            index += 1
            var child = states[state].firstChild
            while child != 0 {
                let shorter = state == 0 ? 0 : next(states[state].shorter, states[child].byte)
                states[child].shorter = shorter
                states[child].shorterEnd = states[shorter].text == nil ? states[shorter].shorterEnd : shorter
                queue.append(child)
                child = states[child].sibling
            }
            if state == 0 { fillStarts() }
        }
    }

    private func fillStarts() {
        var child = states[0].firstChild
        while child != 0 {
            let byte = states[child].byte
            starts[Int(byte)] = child
            if byte.isASCIIAlpha { starts[Int(byte ^ 0x20)] = child }
            child = states[child].sibling
        }
    }

    // MARK: Searching

    /// Whether a text begins with the byte.
    func begins(with byte: UInt8) -> Bool { starts[Int(byte)] != 0 }

    /// The state behind one more byte; 0 is the first one.
    func next(_ state: Int, _ byte: UInt8) -> Int {
        let lowercased = byte.asciiLowercased
        var state = state
        while state != 0 {
            if let child = child(of: state, lowercased) { return child }
            state = states[state].shorter
        }
        return starts[Int(byte)]
    }

    /// Bytes that were read last and may be the beginning of a text.
    func depth(of state: Int) -> Int { states[state].depth }

    /// Whether a text before `index` may still be found where all bytes of the state begin.
    func mayPrecede(_ index: Int, in state: Int) -> Bool { states[state].firstLonger < index }

    /// The longest text that ends here, the first of those that are the same.
    ///
    /// - Parameter isUsed: texts that are not looked for any more.
    func text(endingIn state: Int, unless isUsed: [Bool]) -> Int? {
        var state = states[state].text == nil ? states[state].shorterEnd : state
        while state != 0 {
            var text = states[state].text
            while let index = text {
                if !isUsed[index] { return index }
                text = same[index]
            }
            state = states[state].shorterEnd
        }
        return nil
    }
}
