internal import Core
internal import HTTP
internal import Net

/// Variables of the response.
extension Variables {
    static var responseRows: [VariableRow] {
        [
            .always("status", "The status of the response, three digits.") { exchange, out in
                out.append(status: exchange.loggedStatus)
            },
            .always("body_bytes_sent", "Bytes of content sent to the client.") { exchange, out in
                out.append(decimal: Int(exchange.delivery.contentBytesSent))
            },
            .always("bytes_sent", "Bytes sent to the client.") { exchange, out in
                out.append(decimal: Int(exchange.delivery.bytesSent))
            },
            .unlessEmpty("sent_http_content_type", "`Content-Type` of the response.") {
                guard !$0.hasSentNoContent else { return }
                $1.append(contentsOf: $0.response.contentType)
            },
            VariableRow("sent_http_content_length", "`Content-Length` of the response.") { exchange, out in
                guard let length = exchange.response.contentLength, !exchange.isChunked,
                    !exchange.hasSentNoContent
                else { return false }
                out.append(decimal: Int(length))
                return true
            },
            VariableRow("sent_http_location", "`Location` of the response.") { exchange, out in
                guard exchange.response.location.isEmpty else {
                    out.append(contentsOf: exchange.response.location)
                    return true
                }
                return exchange.appendResponseField(named: Array("location".utf8), to: out)
            },
            VariableRow("sent_http_last_modified", "`Last-Modified` of the response.") { exchange, out in
                guard let seconds = exchange.response.toldModification else {
                    return exchange.appendResponseField(named: Array("last_modified".utf8), to: out)
                }
                CivilTime.appendHTTPDate(seconds, to: out)
                return true
            },
            .always("sent_http_connection", "`Connection` of the response.") { exchange, out in
                if exchange.response.isUpgrade {
                    out.append("upgrade")
                } else {
                    out.append(exchange.stream.keepsAlive ? "keep-alive" : "close")
                }
            },
            VariableRow("sent_http_keep_alive", "`Keep-Alive` of the response.") { exchange, out in
                let seconds = exchange.location.settings.core.keepaliveHeaderSeconds
                guard exchange.stream.keepsAlive, seconds > 0 else { return false }
                out.append("timeout=")
                out.append(decimal: seconds)
                return true
            },
            VariableRow("gzip_ratio", "How many times smaller `gzip` made the content.") { exchange, out in
                guard let filter = exchange.filter, let ratio = filter.ratio else { return false }
                out.append(decimal: Int(ratio / 100))
                out.append(".")
                out.append(decimal: UInt(ratio % 100), width: 2)
                return true
            },
            VariableRow("sent_http_transfer_encoding", "`Transfer-Encoding` of the response.") {
                exchange, out in
                guard exchange.isChunked else { return false }
                out.append("chunked")
                return true
            },
        ]
    }
}
