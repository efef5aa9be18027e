import Core
import HTTP

/// A field as tests compare it.
struct PlainField: Equatable, CustomStringConvertible {
    var name: String
    var value: String
    var isNeverIndexed = false

    init(_ name: String, _ value: String, isNeverIndexed: Bool = false) {
        self.name = name
        self.value = value
        self.isNeverIndexed = isNeverIndexed
    }

    var description: String { "\(name): \(value)\(isNeverIndexed ? " (never)" : "")" }
}

/// The bytes of `8286 84be`.
func unhex(_ text: String) -> [UInt8] {
    let digits = bytes(text).compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension HPACKDecoder {
    /// All fields of a block.
    mutating func decode(_ block: [UInt8]) throws(HPACKError) -> [PlainField] {
        let source = ByteBuffer(capacity: 16)
        source.append(block)
        let out = ByteBuffer(capacity: 16)
        var fields: [PlainField] = []
        var cursor = 0
        begin()
        while let field = try source.withReadable({ (bytes) throws(HPACKError) in
            try next(bytes, at: &cursor, into: out)
        }) {
            fields.append(
                PlainField(
                    text(field.name, out), text(field.value, out), isNeverIndexed: field.isNeverIndexed))
        }
        return fields
    }

    /// A scalar a byte, so that any bytes can be compared.
    private func text(_ slice: Slice, _ out: ByteBuffer) -> String {
        String(String.UnicodeScalarView(out.bytes(of: slice).map { Unicode.Scalar($0) }))
    }
}

extension HPACKEncoder {
    /// The block of `fields`; a name may have capital letters.
    mutating func encode(_ fields: [PlainField], _ indexing: Indexing = .adaptive) -> [UInt8] {
        let out = ByteBuffer(capacity: 16)
        begin(out)
        for field in fields {
            let source = ByteBuffer(capacity: 16)
            source.append(bytes(field.name))
            source.append(bytes(field.value))
            let middle = bytes(field.name).count
            let place = Field(
                name: Slice(from: 0, to: middle), value: Slice(from: middle, to: source.count), known: .other)
            append(place, of: source, field.isNeverIndexed ? .never : indexing, to: out)
        }
        return out.bytes
    }
}
