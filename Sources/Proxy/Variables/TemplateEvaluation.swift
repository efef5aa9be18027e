internal import Config
internal import Core

extension Template where Variable == Proxy.Variable {
    /// Appends the text with the values of its variables; those that have none add nothing.
    func append(for exchange: Exchange, to out: ByteBuffer) {
        for part in parts {
            switch part {
            case .literal(let bytes): out.append(bytes)
            case .variable(let variable): _ = Variables.append(variable, of: exchange, to: out)
            case .capture(let index): exchange.appendCapture(index, to: out)
            }
        }
    }

    /// Whether it says yes, as in nginx's conditions: it is neither empty nor `0`.
    func isYes(for exchange: Exchange) -> Bool {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        append(for: exchange, to: scratch)
        return !scratch.isEmpty && !(scratch.count == 1 && scratch[0] == UInt8(ascii: "0"))
    }

    /// Whether a built-in variable stands in the text.
    func names(builtin name: String) -> Bool {
        parts.contains { part in
            guard case .variable(.builtin(let index)) = part else { return false }
            return Variables.rows[index].name == name
        }
    }
}
