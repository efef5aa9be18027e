/// Elements under identities that are never mistaken: a token of a removed element finds nothing.
public struct SlotTable<Element> {
    @usableFromInline internal struct Slot {
        @usableFromInline var generation: UInt32
        @usableFromInline var element: Element?

        @usableFromInline init(generation: UInt32, element: Element?) {
            self.generation = generation
            self.element = element
        }
    }

    @usableFromInline internal var slots: [Slot] = []
    @usableFromInline internal var free: [UInt32] = []

    /// An empty table.
    public init() {}

    /// Elements in the table.
    @inlinable public var count: Int { slots.count - free.count }

    /// Reserves a slot and fills it with what `make` returns for its token.
    ///
    /// `make` must not touch the table.
    @inlinable
    public mutating func insert(_ make: (Token) -> Element) -> Token {
        let token = reserve()
        slots[Int(token.slot)].element = make(token)
        return token
    }

    /// Reserves a slot, which stays empty until it is filled.
    @inlinable
    public mutating func reserve() -> Token {
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot(generation: 1, element: nil))
        }
        return Token(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Fills a slot that was reserved.
    @inlinable
    public mutating func fill(_ token: Token, _ element: Element) {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation else { return }
        slots[index].element = element
    }

    /// The element that the token was made for; `nil`: it was removed.
    ///
    /// - Complexity: O(1); does not hash or allocate.
    @inlinable
    public subscript(token: Token) -> Element? {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation else { return nil }
        return slots[index].element
    }

    /// Takes the element out; its token is stale from now on.
    @inlinable
    @discardableResult
    public mutating func remove(_ token: Token) -> Element? {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation,
            let element = slots[index].element
        else { return nil }
        slots[index].element = nil
        slots[index].generation &+= 1
        free.append(token.slot)
        return element
    }

    /// Calls `body` with every element, in no order.
    ///
    /// It sees the table as it was at the call: `body` may remove elements.
    public func forEach(_ body: (Token, Element) -> Void) {
        for (index, slot) in slots.enumerated() {
            guard let element = slot.element else { continue }
            body(Token(slot: UInt32(index), generation: slot.generation), element)
        }
    }
}
