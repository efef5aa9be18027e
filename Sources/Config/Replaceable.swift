/// A list that a nested block inherits until it writes one of its own: nginx's array directives.
public struct Replaceable<Element> {
    /// What applies in this block: its own elements, or those from outside.
    public private(set) var elements: [Element]
    /// Whether the list was written in this very block.
    public private(set) var isOwn = false
    /// The block has said that nothing applies in it, whatever else stands there.
    private var isOff = false

    /// A list that came from outside.
    public init(_ inherited: [Element] = []) {
        elements = inherited
    }

    /// A nested block begins: what the list holds came from outside.
    public mutating func inherit() {
        isOwn = false
        isOff = false
    }

    /// Appends; the first element of a block takes the place of what was inherited.
    public mutating func append(_ element: Element) {
        if !isOwn { clear() }
        if !isOff { elements.append(element) }
    }

    /// The block says that its list is empty.
    public mutating func clear() {
        isOwn = true
        elements = []
    }

    /// The block says that its list is empty, and stays so whatever it says before or after.
    public mutating func turnOff() {
        clear()
        isOff = true
    }
}

extension Replaceable: Sendable where Element: Sendable {}
