/// The fields of a head, in order.
///
/// Recycled with its head: emptying it sets a number. `removeAll(keepingCapacity:)` of an array took 80
/// instructions a head, appending to one 30 a field.
public struct FieldList: RandomAccessCollection, MutableCollection {
    /// The first `count` are fields of this head; those behind are left from former ones.
    @usableFromInline internal var places: [Field]
    /// Fields in it.
    public private(set) var count = 0
    /// A bit for each known name that was put in: most questions are for fields that are not there.
    @usableFromInline internal var names: UInt64 = 0

    /// An empty list.
    ///
    /// - Parameter capacity: fields that it holds before it grows.
    public init(capacity: Int = 0) {
        places = []
        places.reserveCapacity(capacity)
    }

    /// The first field's index.
    @inlinable public var startIndex: Int { 0 }
    /// Behind the last field.
    @inlinable public var endIndex: Int { count }

    /// The field at `index`; traps where none is.
    @inlinable
    public subscript(index: Int) -> Field {
        get {
            precondition(index < count, "index out of range")
            return places[index]
        }
        set {
            precondition(index < count, "index out of range")
            note(newValue.known)
            places[index] = newValue
        }
    }

    /// Appends a field.
    public mutating func append(_ field: Field) {
        note(field.known)
        if count < places.count { places[count] = field } else { places.append(field) }
        count &+= 1
    }

    /// Forgets the fields behind the first `number`.
    mutating func truncate(to number: Int) { if number < count { count = number } }

    /// More places than that are not kept for the next head.
    private static var keptMax: Int { 1024 }

    /// Empties the list; keeps the memory, unless it is more than heads have use for.
    public mutating func removeAll() {
        if places.count > FieldList.keptMax { places = [] }
        count = 0
        names = 0
    }

    @usableFromInline
    internal mutating func note(_ name: FieldName) { names |= 1 &<< UInt64(name.rawValue) }

    /// Whether a field of this name may be there; if not, it is not.
    @inlinable
    public func mayHold(_ name: FieldName) -> Bool { names &>> UInt64(name.rawValue) & 1 == 1 }
}
