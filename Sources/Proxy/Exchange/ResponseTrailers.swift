internal import Config
internal import Core
internal import HTTP

/// The fields that follow a response's content (RFC 9110 §6.5), as the client's protocol will write them.
final class ResponseTrailers {
    /// There may be some: the content is framed so that they can follow.
    private(set) var isExpected = false
    /// Their bytes: `Name: value CRLF` each.
    let lines = ByteBuffer(capacity: 0)
    /// Where names and values stand in `lines`.
    private(set) var fields = FieldList()

    func expect() { isExpected = true }

    func reset() {
        isExpected = false
        lines.removeAll()
        fields.removeAll()
    }

    /// Appends a field whose name and value stand in `source`.
    func add(_ field: Field, of source: ByteBuffer) {
        fields.append(lines.appendLine(of: field, in: source))
    }

    /// Appends what `add_trailer` says, unless its value turns out empty.
    func add(_ line: AddedHeader, for exchange: Exchange) {
        let start = lines.count
        lines.append(line.name)
        let nameEnd = lines.count
        lines.append(": ")
        let valueStart = lines.count
        line.value.append(for: exchange, to: lines)
        FieldValue.dropControls(of: lines, from: valueStart)
        guard lines.count > valueStart else { return lines.truncate(to: start) }
        let value = Slice(from: valueStart, to: lines.count)
        lines.append("\r\n")
        fields.append(Field(name: Slice(from: start, to: nameEnd), value: value, known: line.known))
    }
}

extension ByteBuffer {
    /// Appends `Name: value CRLF` of a field that stands in another buffer.
    ///
    /// - Returns: the field, where it stands now.
    func appendLine(of field: Field, in source: ByteBuffer) -> Field {
        let start = count
        append(field.name, of: source)
        let nameEnd = count
        append(": ")
        let valueStart = count
        append(field.value, of: source)
        let value = Slice(from: valueStart, to: count)
        append("\r\n")
        return Field(name: Slice(from: start, to: nameEnd), value: value, known: field.known)
    }
}
