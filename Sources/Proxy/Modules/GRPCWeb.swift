internal import Core
internal import HTTP
internal import Net

/// `grpc_web`: calls of browsers, which see no trailers, made into those of gRPC, and back. What stands
/// behind the content of an answer becomes the last message of it.
enum GRPCWeb {
    /// How messages are written.
    enum Form {
        case binary
        /// In base 64.
        case text

        fileprivate var type: StaticString {
            switch self {
            case .binary: "application/grpc-web"
            case .text: "application/grpc-web-text"
            }
        }
    }

    /// Most content of a request in base 64, in bytes, where `client_max_body_size` sets no limit.
    private static var textMax: Int64 { 64 << 20 }
    /// Of a file so many bytes are decoded at a time; a multiple of four.
    private static var pieceMax: Int { 64 << 10 }

    /// How the request's messages are written, if it is such a call and the location translates them.
    static func form(of exchange: Exchange) -> Form? {
        guard exchange.location.settings.proxy.translatesWeb, exchange.passesGRPC,
            let type = exchange.head.firstField(.contentType)
        else { return nil }
        return exchange.headBytes.withBytes(of: type.value) { form(of: $0) }
    }

    private static func form(of type: Span<UInt8>) -> Form? {
        isOfType(type, Form.text.type) ? .text : isOfType(type, Form.binary.type) ? .binary : nil
    }

    /// A type is this one, whatever its messages hold.
    private static func isOfType(_ type: Span<UInt8>, _ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard type.count >= count, equalsIgnoringCase(type.extracting(0..<count), name) else { return false }
        return type.count == count || type[count] == UInt8(ascii: "+") || type[count] == UInt8(ascii: ";")
    }

    // MARK: The request

    /// The type that the server gets for the request's.
    static func appendType(of field: Field, _ form: Form, _ exchange: Exchange, to out: ByteBuffer) {
        out.append("application/grpc")
        let rest = min(Int(field.value.count), form.type.utf8CodeUnitCount)
        let end = Int(field.value.start) + Int(field.value.count)
        out.append(Slice(from: Int(field.value.start) + rest, to: end), of: exchange.headBytes)
    }

    /// Puts what the request's text stands for in its place.
    ///
    /// - Returns: how it is refused; `nil`: it may go on.
    static func decode(_ body: RequestBody) -> UInt16? {
        body.replacement.removeAll()
        guard body.isKeptWhole else { return 400 }
        guard body.receivedCount <= textMax else { return 413 }
        guard let file = body.file else {
            return body.memory.withReadable { Base64.decode($0, to: body.replacement) } ? nil : 400
        }
        let piece = ByteBuffer(capacity: pieceMax)
        var offset: Int64 = 0
        while offset < body.receivedCount {
            let count = Int(min(Int64(pieceMax), body.receivedCount - offset))
            while piece.count < count {
                let place = offset + Int64(piece.count)
                guard case .bytes(let read) = file.read(into: piece, at: place, count: count - piece.count),
                    read > 0
                else { return 500 }
            }
            guard piece.withReadable({ Base64.decode($0, to: body.replacement) }) else { return 400 }
            offset += Int64(count)
            piece.removeAll()
        }
        return nil
    }

    // MARK: The response

    /// Called once a response, when its head stands.
    static func settle(_ exchange: Exchange) {
        guard let form = exchange.proxying.web, case .streamed = exchange.response.contentKind else { return }
        let response = exchange.response
        let name: StaticString = "application/grpc"
        let count = name.utf8CodeUnitCount
        let isCall = response.contentType.withReadable { GRPCStatus.isCall(contentType: $0) }
        guard isCall else { return }
        let rest = response.contentType.bytes.dropFirst(count)
        response.contentType.removeAll()
        response.contentType.append(form.type)
        response.contentType.append(Array(rest))
        // What has no messages says all in its head.
        guard response.contentLength != 0 || exchange.upstream?.stream.hasAllContent == false else { return }
        response.contentLength = nil
        if exchange.givesContent { exchange.add { $0.begin(form) } }
    }

    /// The type of an answer made here.
    static func appendAnswerType(_ form: Form, to out: ByteBuffer) {
        out.append(form.type)
        out.append("+proto")
    }

    /// Appends a piece of content.
    static func append(_ piece: Slice, of content: ByteBuffer, _ form: Form, to out: ByteBuffer) {
        switch form {
        case .binary: out.append(piece, of: content)
        case .text: content.withBytes(of: piece) { Base64.encode($0, to: out) }
        }
    }

    /// Appends the message that holds what stood behind the content.
    static func appendTrailers(_ exchange: Exchange, _ form: Form, to out: ByteBuffer) {
        let message = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(message) }
        let lines = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(lines) }
        TrailerFilter.forEachPassed(of: exchange) { field, source in
            lines.append(lowercased: field.name, of: source)
            lines.append(":")
            lines.append(field.value, of: source)
            lines.append("\r\n")
        }
        message.append(0x80)
        message.append(bigEndian: UInt32(clamping: lines.count))
        message.append(contentsOf: lines)
        append(Slice(from: 0, to: message.count), of: message, form, to: out)
    }
}
