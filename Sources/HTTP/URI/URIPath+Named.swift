public import Core

extension URIPath {
    /// Reads a path that an application names to be served in its place, up to the `?` before a query:
    /// decodes percent-escapes, and resolves nothing.
    ///
    /// - Returns: where the query begins in `text`, its end if there is none. `nil` if the path could lead
    ///   out of the place it names: it is empty or does not begin at the root, a segment is `..`, there is
    ///   a zero byte or a broken escape.
    public static func decodeNamed(_ text: Span<UInt8>, into output: ByteBuffer) -> Int? {
        guard !text.isEmpty, text[0] == UInt8(ascii: "/") else { return nil }
        let base = output.count
        var position = 0
        while position < text.count, text[position] != UInt8(ascii: "?") {
            var byte = text[position]
            position += 1
            if byte == UInt8(ascii: "%") {
                guard position + 1 < text.count, let high = text[position].hexDigitValue,
                    let low = text[position + 1].hexDigitValue
                else { return nil }
                byte = high << 4 | low
                position += 2
            }
            guard byte != 0 else { return nil }
            if byte == UInt8(ascii: "/"), endsInTwoDots(output, base) { return nil }
            output.append(byte)
        }
        if endsInTwoDots(output, base) { return nil }
        return min(position + 1, text.count)
    }

    /// Whether the last segment of what was written from `base` on is `..`.
    private static func endsInTwoDots(_ output: ByteBuffer, _ base: Int) -> Bool {
        let end = output.count
        guard end - base >= 3 else { return false }
        return output[end - 1] == UInt8(ascii: ".") && output[end - 2] == UInt8(ascii: ".")
            && output[end - 3] == UInt8(ascii: "/")
    }
}
