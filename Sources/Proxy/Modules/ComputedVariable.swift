internal import Config
internal import Core
internal import Net

/// A variable of the configuration whose value follows from others: made once a request, when it is first
/// asked for, unless it is volatile.
enum ComputedVariable {
    /// `map`
    case map(ValueMap)
    /// `geo`
    case geo(AddressMap)
    /// `split_clients`
    case shares(ClientShares)

    /// Deepest nesting of such values, as nginx: only a value that refers to itself comes so far.
    static var depthMax: Int { 100 }

    /// Whether the value is made anew whenever it is asked for.
    var isVolatile: Bool {
        switch self {
        case .map(let map): map.isVolatile
        case .geo(let map): map.isVolatile
        case .shares: false
        }
    }

    /// Makes the value, and appends it.
    ///
    /// - Returns: false if the value refers to itself by way of the path's root; the error log tells.
    func append(for exchange: Exchange, to out: ByteBuffer) -> Bool {
        guard !exchange.values.isCut else { return false }
        guard exchange.values.depth < ComputedVariable.depthMax else {
            // What is around it ends as well, else two references a level would take for ever.
            exchange.values.isCut = true
            exchange.log(.error, "cycle while evaluating a variable")
            return false
        }
        exchange.values.depth += 1
        switch self {
        case .map(let map): map.append(for: exchange, to: out)
        case .geo(let map): map.append(for: exchange, to: out)
        case .shares(let shares): shares.append(for: exchange, to: out)
        }
        exchange.values.depth -= 1
        if exchange.values.depth == 0 { exchange.values.isCut = false }
        return true
    }

    /// The texts that the value is made of.
    var templates: [Template<Variable>] {
        switch self {
        case .map(let map): map.templates
        case .geo(let map): map.source.map { [$0] } ?? []
        case .shares(let shares): [shares.source]
        }
    }
}
