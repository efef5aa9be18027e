public import Core

/// One field of a head: where its name and value stand.
public struct Field: Sendable {
    /// As it was written.
    public var name: Slice
    /// Without the white space around it; may be empty.
    public var value: Slice
    /// Which name it is, if rules are about it.
    public var known: FieldName
    /// A `Connection` field names it: it is for one hop only, RFC 9110 §7.6.1.
    public var isConnectionNamed: Bool

    /// A field at these positions of a buffer.
    @inlinable
    public init(name: Slice, value: Slice, known: FieldName, isConnectionNamed: Bool = false) {
        self.name = name
        self.value = value
        self.known = known
        self.isConnectionNamed = isConnectionNamed
    }
}
