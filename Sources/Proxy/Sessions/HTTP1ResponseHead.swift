internal import Core
internal import HTTP
internal import Net

/// Writes the head of a response as HTTP/1.1, fields in nginx's order.
enum HTTP1ResponseHead {
    /// Appends the head to the writer's pending bytes and settles how the content is framed.
    ///
    /// - Parameter keepsAlive: whether the connection may stay; afterwards, whether the client is told so.
    static func write(_ exchange: Exchange, to writer: HTTP1Writer, keepsAlive: inout Bool) {
        settleFraming(exchange, writer, &keepsAlive)
        // Taken out and put back: what stays in the writer is retained for each call.
        let out = writer.takePending()
        write(exchange, writer.framing, out, &keepsAlive)
        writer.putBack(consume out)
    }

    private static func write(
        _ exchange: Exchange, _ framing: HTTP1Writer.Framing, _ out: ByteBuffer, _ keepsAlive: inout Bool
    ) {
        let response = exchange.response
        statusLine(response, out)
        if !response.hasOwnServer { server(exchange, out) }
        if !response.hasOwnDate { exchange.worker.appendDate(to: out) }
        entity(exchange, out, framing)
        if case .chunked = framing { out.append("Transfer-Encoding: chunked\r\n") }
        connection(exchange, out, &keepsAlive)
        if response.variesByEncoding { out.append("Vary: Accept-Encoding\r\n") }
        out.append(contentsOf: response.lines)
        out.append("\r\n")
    }

    /// Appends an interim response: a status and fields, and no content.
    static func writeInterim(_ response: Response, to out: ByteBuffer) {
        statusLine(response, out)
        out.append(contentsOf: response.lines)
        out.append("\r\n")
    }

    /// RFC 9112 §6.3, the sender's side.
    private static func settleFraming(
        _ exchange: Exchange, _ writer: HTTP1Writer, _ keepsAlive: inout Bool
    ) {
        let response = exchange.response
        let status = response.status
        if response.isUpgrade || exchange.method == .head || status == 204 || status == 304 || status < 200 {
            writer.framing = .none
        } else if response.contentLength != nil, !response.expectsTrailers {
            writer.framing = .identity
        } else if exchange.head.version >= .http11 && exchange.location.settings.core.chunkedTransferEncoding
        {
            writer.framing = .chunked
        } else {
            writer.framing = .identity
            // Only the end of the connection can end content of unknown length.
            if response.contentLength == nil { keepsAlive = false }
        }
    }

    private static func statusLine(_ response: Response, _ out: ByteBuffer) {
        out.append("HTTP/1.1 ")
        if response.hasOwnReason {
            out.append(status: response.status)
            out.append(" ")
            out.append(contentsOf: response.reason)
        } else {
            let line = StatusCode.line(response.status)
            if line.utf8CodeUnitCount > 0 {
                out.append(line)
            } else {
                out.append(status: response.status)
                out.append(" ")
            }
        }
        out.append("\r\n")
    }

    private static func server(_ exchange: Exchange, _ out: ByteBuffer) {
        switch exchange.location.settings.core.serverTokens {
        case .off: out.append("Server: portico\r\n")
        case .on, .build:
            out.append("Server: portico/")
            out.append(Version.text)
            out.append("\r\n")
        }
    }

    private static func entity(
        _ exchange: Exchange, _ out: ByteBuffer, _ framing: HTTP1Writer.Framing
    ) {
        let response = exchange.response
        if !response.contentType.isEmpty, !response.isOwnNoContent {
            out.append("Content-Type: ")
            out.append(contentsOf: response.contentType)
            out.append("\r\n")
        }
        // RFC 9112 §6.3: a length and chunks exclude each other.
        if let length = response.contentLength, framing != .chunked, response.status != 204,
            !response.isUpgrade
        {
            out.append("Content-Length: ")
            out.append(decimal: Int(length))
            out.append("\r\n")
        }
        if let modified = response.toldModification {
            out.append("Last-Modified: ")
            CivilTime.appendHTTPDate(modified, to: out)
            out.append("\r\n")
        }
        if !response.location.isEmpty {
            out.append("Location: ")
            out.append(contentsOf: response.location)
            out.append("\r\n")
        }
    }

    private static func connection(
        _ exchange: Exchange, _ out: ByteBuffer, _ keepsAlive: inout Bool
    ) {
        if exchange.response.isUpgrade {
            // Not of a CONNECT that was answered with 200: its connection is the tunnel.
            if exchange.response.status == 101 { out.append("Connection: upgrade\r\n") }
        } else if keepsAlive && !exchange.worker.isDraining
            && !exchange.client.isOutdated && exchange.location.settings.core.keepaliveTimeoutMs > 0
        {
            out.append("Connection: keep-alive\r\n")
            let seconds = exchange.location.settings.core.keepaliveHeaderSeconds
            if seconds > 0 {
                out.append("Keep-Alive: timeout=")
                out.append(decimal: seconds)
                out.append("\r\n")
            }
        } else {
            keepsAlive = false
            out.append("Connection: close\r\n")
        }
    }
}
