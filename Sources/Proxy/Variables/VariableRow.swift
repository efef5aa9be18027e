internal import Core

/// A built-in variable: what it is called, what it shows, and how it is written.
struct VariableRow: Sendable {
    let name: String
    /// One sentence for the operator; the reference's table is printed from it.
    let about: String
    /// Appends the value; returns false, and appends nothing, if there is none.
    let append: Append

    typealias Append = @Sendable (Exchange, ByteBuffer) -> Bool

    init(_ name: String, _ about: String, _ append: @escaping Append) {
        self.name = name
        self.about = about
        self.append = append
    }

    /// A variable that always has a value.
    static func always(
        _ name: String, _ about: String, _ append: @escaping @Sendable (Exchange, ByteBuffer) -> Void
    ) -> VariableRow {
        VariableRow(name, about) { exchange, out in
            append(exchange, out)
            return true
        }
    }

    /// A variable that has no value if nothing was appended.
    static func unlessEmpty(
        _ name: String, _ about: String, _ append: @escaping @Sendable (Exchange, ByteBuffer) -> Void
    ) -> VariableRow {
        VariableRow(name, about) { exchange, out in
            let before = out.count
            append(exchange, out)
            return out.count > before
        }
    }
}
