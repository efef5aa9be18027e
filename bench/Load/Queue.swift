/// First in, first out; memory is kept, so that a warm one allocates nothing.
struct Queue<Element> {
    private var items: [Element] = []
    private var first = 0

    var count: Int { items.count - first }
    var isEmpty: Bool { first == items.count }
    var next: Element? { isEmpty ? nil : items[first] }

    mutating func append(_ item: Element) { items.append(item) }

    mutating func popFirst() -> Element? {
        guard first < items.count else { return nil }
        let item = items[first]
        first += 1
        if first == items.count {
            removeAll()
        } else if first >= 1024, first >= items.count - first {
            // Each item moves once at most for each one that was taken.
            items.removeSubrange(..<first)
            first = 0
        }
        return item
    }

    mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        first = 0
    }
}
