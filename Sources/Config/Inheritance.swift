/// What a nested block takes over of a list that stands around it: `add_header_inherit` and its like.
public enum Inheritance: Sendable {
    /// All, unless it has lines of its own.
    case whole
    /// Nothing.
    case nothing
    /// All, behind its own lines.
    case merged

    /// The words that stand for the rules.
    public static var words: [(word: String, value: Inheritance)] {
        [("on", .whole), ("off", .nothing), ("merge", .merged)]
    }
}

/// A list that a nested block inherits by a rule that the operator may change; the rule is inherited too.
public struct Inheritable<Element> {
    /// What applies in this block.
    public private(set) var elements: [Element] = []
    /// What came from outside.
    private var outer: [Element] = []
    private var own: [Element] = []
    private var isOwn = false
    /// What becomes of the elements from outside.
    public var rule = Inheritance.whole {
        didSet { settle() }
    }

    /// An empty list.
    public init() {}

    /// A nested block begins: what the list holds came from outside.
    public mutating func inherit() {
        outer = elements
        own = []
        isOwn = false
        settle()
    }

    /// Appends an element of this very block.
    public mutating func append(_ element: Element) {
        if isOwn, case .merged = rule { return insert(element) }
        // Not shared while it grows: each element would copy all before it.
        elements = []
        own.append(element)
        begin()
    }

    private mutating func insert(_ element: Element) {
        elements.insert(element, at: own.count)
        own.append(element)
    }

    /// The block has a line of its own, also if that adds nothing.
    public mutating func begin() {
        isOwn = true
        settle()
    }

    private mutating func settle() {
        switch rule {
        case .whole: elements = isOwn ? own : outer
        case .nothing: elements = own
        case .merged: elements = own + outer
        }
    }
}

extension Inheritable: Sendable where Element: Sendable {}
