internal import Core

/// Text with variables, compiled once; generic over what a variable compiles to.
public struct Template<Variable: Sendable>: Sendable {
    /// A stretch of the text.
    public enum Part: Sendable {
        case literal([UInt8])
        case variable(Variable)
        /// `$1` … `$9`: a group of the last regular expression that matched.
        case capture(Int)
    }

    /// Literals are never empty and never stand side by side.
    public let parts: [Part]
    /// The text as it was written.
    public let source: String

    /// A text that is taken as it is, `$` included.
    public init(constant: [UInt8]) {
        parts = constant.isEmpty ? [] : [.literal(constant)]
        source = String(decoding: constant, as: UTF8.self)
    }

    /// - Parameter resolve: finds the variable of a name (letters as written; nginx ignores their case),
    ///   or throws `unknown "x" variable`; an error without a place gets the statement's.
    /// - Throws: `invalid variable name`, `the closing bracket in "x" variable is missing`, and what
    ///   `resolve` throws.
    public init(
        _ text: String, at statement: Statement, resolve: (String) throws(ConfigError) -> Variable
    ) throws(ConfigError) {
        var parts: [Part] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let literal = rest.prefix { $0 != UInt8(ascii: "$") }
            rest = rest.dropFirst(literal.count)
            if !literal.isEmpty { parts.append(.literal(Array(literal))) }
            guard rest.popFirst() != nil else { break }
            do throws(ConfigError) {
                parts.append(try Template.reference(&rest, resolve))
            } catch {
                throw error.located(at: statement)
            }
        }
        self.parts = parts
        source = text
    }

    /// Texts one behind the other.
    public init(joining templates: [Template]) {
        var parts: [Part] = []
        for part in templates.flatMap(\.parts) {
            if case .literal(let more) = part, case .literal(let before)? = parts.last {
                parts[parts.count - 1] = .literal(before + more)
            } else {
                parts.append(part)
            }
        }
        self.parts = parts
        source = templates.map(\.source).joined()
    }

    /// What stands behind a `$`: a digit, `name` or `{name}`.
    private static func reference(
        _ rest: inout ArraySlice<UInt8>, _ resolve: (String) throws(ConfigError) -> Variable
    ) throws(ConfigError) -> Part {
        if let digit = rest.first, digit.isASCIIDigit, digit != UInt8(ascii: "0") {
            rest.removeFirst()
            return .capture(Int(digit &- 0x30))
        }
        let isBraced = rest.first == UInt8(ascii: "{")
        if isBraced { rest.removeFirst() }
        // nginx takes `${` at the very end for a missing name, not for a missing bracket.
        guard !rest.isEmpty else { throw ConfigError("invalid variable name") }
        let bytes = rest.prefix { $0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
        rest = rest.dropFirst(bytes.count)
        let name = String(decoding: bytes, as: UTF8.self)
        if isBraced {
            guard rest.popFirst() == UInt8(ascii: "}") else {
                throw ConfigError("the closing bracket in \"\(name)\" variable is missing")
            }
        }
        guard !bytes.isEmpty else { throw ConfigError("invalid variable name") }
        return .variable(try resolve(name))
    }

    /// The whole text, if it holds no variable and no capture; `nil` otherwise.
    public var constant: [UInt8]? {
        guard let first = parts.first else { return [] }
        guard case .literal(let bytes) = first, parts.count == 1 else { return nil }
        return bytes
    }

    /// Whether the text is the same for every request.
    public var isConstant: Bool { constant != nil }
}
