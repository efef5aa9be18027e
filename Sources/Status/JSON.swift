package import Core

/// A JSON value (RFC 8259). Members keep their order.
package enum JSON {
    case null
    case bool(Bool)
    case int(Int)
    /// A number as it is written: it has a fraction or an exponent, or is too large for `int`.
    case number(String)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])
    /// It is made when it is looked at, and not if it never is.
    case made(() -> JSON)

    /// The value itself.
    var resolved: JSON {
        if case .made(let make) = self { make().resolved } else { self }
    }

    /// Appends it in one line, as RFC 8259 has it.
    package func write(to out: ByteBuffer) {
        switch self {
        case .null: out.append("null")
        case .bool(let value): out.append(value ? "true" : "false")
        case .int(let number): out.append(String(number))
        case .number(let text): out.append(text)
        case .string(let text): JSON.write(text, to: out)
        case .array(let elements):
            out.append("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(",") }
                element.write(to: out)
            }
            out.append("]")
        case .object(let members):
            out.append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(",") }
                JSON.write(member.0, to: out)
                out.append(":")
                member.1.write(to: out)
            }
            out.append("}")
        case .made(let make): make().write(to: out)
        }
    }

    private static func write(_ text: String, to out: ByteBuffer) {
        out.append("\"")
        for scalar in text.unicodeScalars { out.append(json: scalar) }
        out.append("\"")
    }

    /// The members of an object that are named, in their own order.
    func keeping(_ names: [String]) -> JSON {
        guard case .object(let members) = resolved else { return resolved }
        return .object(members.filter { names.contains($0.0) })
    }

    /// What stands under a name; `nil`: nothing, or it is no object.
    package subscript(name: String) -> JSON? {
        guard case .object(let members) = resolved else { return nil }
        return members.first { $0.0 == name }?.1
    }
}
