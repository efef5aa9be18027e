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
}
