public import Core

/// The fields that stood behind a message's content: RFC 9110 §6.5.
///
/// It holds its own bytes. Fields that say something of what stands in front of them, where nobody would
/// look for them any more, or who would believe them is deceived, are left out: §6.5.1. Recycled: `reset`
/// forgets, memory for a few fields stays.
public final class TrailerSection {
    private static var usualMax: Int { 1024 }

    /// What names and values of `fields` are positions in.
    public let bytes = ByteBuffer(capacity: 0)
    /// In the order they came in; none before `complete`.
    public private(set) var fields = FieldList()

    /// No fields.
    public init() {}

    /// Forgets the fields for those of another message.
    public func reset() {
        bytes.removeAll()
        bytes.shrink(toCapacity: TrailerSection.usualMax)
        fields.removeAll()
    }

    /// Takes lines of HTTP/1, or a part of them; their reader has bounded and checked them.
    public func append(lines: Range<Int>, of input: ByteBuffer) {
        bytes.append(Slice(from: lines.lowerBound, to: lines.upperBound), of: input)
    }

    /// All lines are here: finds the fields.
    ///
    /// - Parameter isRequest: names with anything but letters, digits and `-` are left out, too: who reads
    ///   them as variables would take them for others.
    public func complete(isRequest: Bool = false) {
        fields.removeAll()
        bytes.withReadable { bytes in
            var line = FieldLine.read(bytes, from: 0)
            while case .field = line.kind {
                if !isRequest || line.oddity == .none { take(line, bytes) }
                line = FieldLine.read(bytes, from: line.next)
            }
        }
    }

    private func take(_ line: FieldLine, _ bytes: Span<UInt8>) {
        guard line.oddity != .foreign else { return }
        if TrailerSection.maySay(bytes.extracting(line.name.range)) { fields.append(line.field) }
    }

    /// Whether a field of this name may stand behind content: §6.5.1. It is not about framing, routing, who
    /// asks, what is asked for, or what the content in front of it is.
    public static func maySay(_ name: Span<UInt8>) -> Bool {
        switch FieldName.recognise(name) {
        case .etag, .link, .via, .acceptRanges: return true
        case .other: break
        default: return false
        }
        if FieldLine.resembles(name, "Content-Length") { return false }
        if FieldLine.resembles(name, "Transfer-Encoding") { return false }
        return !isForbidden(name)
    }

    /// Names that nothing else here asks for.
    private static func isForbidden(_ name: Span<UInt8>) -> Bool {
        equalsIgnoringCase(name, "Age") || equalsIgnoringCase(name, "Pragma")
            || equalsIgnoringCase(name, "Warning") || equalsIgnoringCase(name, "Retry-After")
            || equalsIgnoringCase(name, "Max-Forwards") || equalsIgnoringCase(name, "Set-Cookie2")
            || equalsIgnoringCase(name, "Content-Disposition")
    }
}
