internal import Core

/// Reads the field block behind the content of a request, or of a response: RFC 9113 §8.1.
///
/// It is decoded to its end whatever it says: the tables must go along.
enum HTTP2TrailerReader {
    /// Reads as many fields as HTTP/1 may bring.
    ///
    /// - Parameters:
    ///   - lines: gets them as HTTP/1 has them.
    ///   - scratch: where a field is put together.
    /// - Returns: whether they are sound.
    static func read(
        _ block: Span<UInt8>, _ decoder: inout HPACKDecoder, into lines: ByteBuffer,
        using scratch: ByteBuffer
    ) throws(HPACKError) -> Bool {
        var isSound = true
        var cursor = 0
        decoder.begin()
        var left = ChunkedDecoder.trailersMax
        var fieldsLeft = ChunkedDecoder.trailerFieldsMax
        scratch.removeAll()
        while let field = try decoder.next(block, at: &cursor, into: scratch, isWanted: isSound) {
            left -= scratch.count
            fieldsLeft -= 1
            if isSound, left >= 0, fieldsLeft >= 0, isTrailer(field, in: scratch) {
                lines.append(field.name, of: scratch)
                lines.append(": ")
                lines.append(field.value, of: scratch)
                lines.append("\r\n")
            } else {
                isSound = false
            }
            scratch.removeAll()
        }
        return isSound
    }

    /// §8.1: trailers have no pseudo-fields; §8.2.2: nothing in them is of the connection.
    private static func isTrailer(_ field: HPACKField, in bytes: ByteBuffer) -> Bool {
        guard bytes.withReadable({ HTTP2RequestReader.isSound(field, in: $0) }) else { return false }
        guard bytes[Int(field.name.start)] != UInt8(ascii: ":") else { return false }
        let known = bytes.withBytes(of: field.name) { FieldName.recognise($0) }
        return !HTTP2RequestReader.isOfConnection(known, field, in: bytes)
    }
}
