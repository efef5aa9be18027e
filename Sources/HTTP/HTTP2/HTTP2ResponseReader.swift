internal import Core

/// Makes a `ResponseHead` of a field block, and judges what only HTTP/2 can get wrong: RFC 9113 §8.
///
/// A block is decoded to its end whatever becomes of the response: the tables must go along. No more than
/// one field beyond what a head may take is ever held.
enum HTTP2ResponseReader {
    /// What a head keeps of the memory that one took which was refused.
    private static var refusedMax: Int { 16 << 10 }

    /// Reads the block of a response's head.
    ///
    /// - Parameter sizeMax: bytes that names and values may take.
    /// - Returns: why it cannot be used; `nil`: it can.
    static func readHead(
        _ block: Span<UInt8>, _ decoder: inout HPACKDecoder, into head: ResponseHead, sizeMax: Int
    ) throws(HPACKError) -> ResponseHeadError? {
        head.reset()
        head.isUsed = true
        head.version = .http2
        var refusal: ResponseHeadError?
        var cursor = 0
        decoder.begin()
        while let field = try decoder.next(block, at: &cursor, into: head.bytes, isWanted: refusal == nil) {
            guard refusal == nil else { continue }
            do throws(ResponseHeadError) {
                guard head.bytes.count <= sizeMax else { throw .tooLarge }
                try take(field, into: head)
                if !field.isVetted { decoder.vet(field) }
            } catch {
                refusal = error
                head.bytes.removeAll()
            }
        }
        if refusal == nil, head.status == 0 { refusal = .badStatusLine }
        guard refusal != nil else {
            finish(head)
            return nil
        }
        head.reset()
        head.bytes.shrink(toCapacity: refusedMax)
        return refusal
    }

    private static func take(_ field: HPACKField, into head: ResponseHead) throws(ResponseHeadError) {
        let bytes = head.bytes
        let isSound = bytes.withReadable { field.isVetted || HTTP2RequestReader.isSound(field, in: $0) }
        guard isSound else { throw .badField }
        if bytes[Int(field.name.start)] == UInt8(ascii: ":") { return try takeStatus(field, into: head) }
        // §8.3: pseudo-fields stand in front.
        guard head.status != 0 else { throw .badStatusLine }
        let known = bytes.withBytes(of: field.name) { FieldName.recognise($0) }
        guard !known.isConnectionSpecific else { throw .badField }
        guard head.fields.count < HTTP1ResponseParser.fieldsMax else { throw .tooManyFields }
        switch known {
        case .contentLength:
            guard head.content == .none else { throw .duplicateContentLength }
            guard let length = bytes.withBytes(of: field.value, { decimalValue($0) }) else {
                throw .badContentLength
            }
            head.content = .known(length)
        case .other:
            try judgeName(field.name, bytes)
        default: break
        }
        head.fields.append(Field(name: field.name, value: field.value, known: known))
    }

    /// A name is judged as if it had come by HTTP/1, which is how clients may get it: it is a token, and no
    /// framing that one of them might see in it.
    private static func judgeName(_ name: Slice, _ bytes: ByteBuffer) throws(ResponseHeadError) {
        try bytes.withBytes(of: name) { (name) throws(ResponseHeadError) in
            guard FieldLine.oddity(of: name) != .foreign else { throw .badField }
            if FieldLine.resembles(name, "Content-Length") { throw .badContentLength }
            if FieldLine.resembles(name, "Transfer-Encoding") { throw .badTransferEncoding }
        }
    }

    /// §8.3.2: `:status`, once, and no other.
    private static func takeStatus(_ field: HPACKField, into head: ResponseHead) throws(ResponseHeadError) {
        let isStatus = head.bytes.withBytes(of: field.name) { ByteScan.isName($0, ":status") }
        guard isStatus, head.status == 0, head.fields.isEmpty, field.value.count == 3 else {
            throw .badStatusLine
        }
        let code = head.bytes.withBytes(of: field.value) { decimalValue($0) }
        guard let code, (100...999).contains(code) else { throw .badStatusLine }
        head.status = UInt16(code)
    }

    /// HTTP/2 has no phrases, and HTTP/1 likes them: the usual one stands in its place.
    private static func finish(_ head: ResponseHead) {
        if head.content == .none { head.content = .unknown }
        let start = head.bytes.count
        head.bytes.append(StatusCode.line(head.status))
        head.reason = Slice(from: min(start + 4, head.bytes.count), to: head.bytes.count)
    }
}
