internal import Core

/// Reads `Authorization: Basic …`.
///
/// - SeeAlso: RFC 7617.
enum BasicCredentials {
    /// Decodes the value of an `Authorization` field into `user:password`.
    ///
    /// - Returns: where the colon stands in what was appended to `out` (counted from the first byte
    ///   appended), or `nil` if the field is not well-formed or the user is empty; `out` is then as before.
    static func decode(_ field: Span<UInt8>, to out: ByteBuffer) -> Int? {
        guard field.count >= 6, equalsIgnoringCase(field.extracting(first: 6), "Basic ") else { return nil }
        var start = 6
        while start < field.count && field[start] == .space { start += 1 }
        guard start < field.count else { return nil }
        let before = out.count
        guard Base64.decodeLoosely(field.extracting(start..<field.count), to: out),
            let colon = colon(in: out, from: before),
            colon > before
        else {
            out.truncate(to: before)
            return nil
        }
        return colon - before
    }

    /// Appends the user's name of an `Authorization` field.
    ///
    /// - Returns: false, and nothing is appended, if there is none.
    static func appendUser(_ field: Span<UInt8>, to out: ByteBuffer) -> Bool {
        let before = out.count
        guard let length = decode(field, to: out) else { return false }
        out.truncate(to: before + length)
        return true
    }

    private static func colon(in buffer: ByteBuffer, from start: Int) -> Int? {
        for index in start..<buffer.count where buffer[index] == UInt8(ascii: ":") { return index }
        return nil
    }
}
