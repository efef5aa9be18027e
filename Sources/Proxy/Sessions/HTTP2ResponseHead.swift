internal import Core
internal import HTTP
internal import Net

/// Writes the head of a response as a field block of HTTP/2: RFC 9113 §8.3.2.
enum HTTP2ResponseHead {
    /// Whether the response ends with its head.
    static func isWhole(_ exchange: Exchange) -> Bool {
        let response = exchange.response
        if response.isUpgrade { return false }
        if exchange.method == .head || response.status == 204 || response.status == 304 { return true }
        if response.expectsTrailers { return false }
        // The end of nothing is something, when it is compressed.
        if exchange.filter != nil { return false }
        switch response.contentKind {
        case .none: return true
        case .buffered: return response.content.isEmpty
        case .file(_, _, let count): return count == 0
        case .streamed: return response.contentLength == 0
        }
    }

    /// Appends the field block, in the order of HTTP/1's fields.
    static func write(_ exchange: Exchange, with encoder: inout HPACKEncoder, to out: ByteBuffer) {
        let response = exchange.response
        encoder.begin(out)
        encoder.append(status: response.status, to: out)
        if !response.hasOwnServer {
            encoder.append("server", .immediate, to: out) { value in
                value.append("portico")
                if exchange.location.settings.core.serverTokens == .off { return }
                value.append("/")
                value.append(Version.text)
            }
        }
        if !response.hasOwnDate {
            encoder.append("date", .adaptive, to: out) { exchange.worker.appendDateValue(to: $0) }
        }
        entity(exchange, &encoder, out)
        if response.variesByEncoding {
            encoder.append("vary", .adaptive, to: out) { $0.append("Accept-Encoding") }
        }
        fields(of: response, &encoder, out)
    }

    /// Appends the field block of an interim response.
    static func writeInterim(_ response: Response, with encoder: inout HPACKEncoder, to out: ByteBuffer) {
        encoder.begin(out)
        encoder.append(status: response.status, to: out)
        fields(of: response, &encoder, out)
    }

    /// Appends the field block behind the content: RFC 9113 §8.1.
    static func writeTrailers(
        _ trailers: ResponseTrailers, with encoder: inout HPACKEncoder, to out: ByteBuffer
    ) {
        encoder.begin(out)
        for field in trailers.fields { encoder.append(field, of: trailers.lines, .adaptive, to: out) }
    }

    private static func fields(of response: Response, _ encoder: inout HPACKEncoder, _ out: ByteBuffer) {
        for field in response.fields {
            switch field.known {
            case _ where field.known.isConnectionSpecific:
                // §8.2.2: they speak of a connection that this is not.
                break
            case .other where response.isUpgrade && isWebSocketAnswer(field, response): break
            case .setCookie:
                encoder.append(field, of: response.lines, .never, to: out)
            default:
                encoder.append(field, of: response.lines, .adaptive, to: out)
            }
        }
    }

    /// It answers a key that the client did not send: RFC 8441 §5.
    private static func isWebSocketAnswer(_ field: Field, _ response: Response) -> Bool {
        response.lines.equalsIgnoringCase(field.name, "sec-websocket-accept")
    }

    private static func entity(_ exchange: Exchange, _ encoder: inout HPACKEncoder, _ out: ByteBuffer) {
        let response = exchange.response
        if !response.contentType.isEmpty, !response.isOwnNoContent {
            encoder.append("content-type", .immediate, to: out) {
                $0.append(contentsOf: response.contentType)
            }
        }
        if let length = response.contentLength, response.status != 204, !response.isUpgrade {
            encoder.append("content-length", .adaptive, to: out) { $0.append(decimal: Int(length)) }
        }
        if let modified = response.toldModification {
            encoder.append("last-modified", .adaptive, to: out) {
                CivilTime.appendHTTPDate(modified, to: $0)
            }
        }
        if !response.location.isEmpty {
            encoder.append("location", .adaptive, to: out) { $0.append(contentsOf: response.location) }
        }
    }
}
