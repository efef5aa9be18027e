internal import Core
internal import HTTP
internal import Net

/// The answers made here when no `error_page` says otherwise: a status and a small page.
enum ErrorResponses {
    /// Fills in the built-in answer for `status`.
    ///
    /// `Location` and other fields that were added before are kept. nginx's internal codes turn into
    /// the status they are sent as: 494–497 are 400.
    static func fill(_ exchange: Exchange, status: UInt16) {
        let response = exchange.response
        response.status = sentStatus(status)
        response.content.removeAll()
        response.reason.removeAll()
        response.hasOwnReason = false
        response.lastModified = nil
        exchange.keptFields.forgetRanges()
        if status == 301 || status == 302, refreshes(exchange) { return refresh(exchange) }
        guard hasPage(status) else {
            response.contentKind = .none
            response.contentLength = status == 204 || status == 304 ? nil : 0
            return
        }
        response.contentType.removeAll()
        response.contentType.append("text/html")
        page(exchange, status)
        response.contentLength = Int64(response.content.count)
        response.contentKind = .buffered
    }

    private static func sentStatus(_ status: UInt16) -> UInt16 {
        (494...497).contains(status) ? 400 : status
    }

    private static func hasPage(_ status: UInt16) -> Bool {
        switch status {
        case 301, 302, 303, 307, 308: true
        case 400...: StatusCode.title(status).utf8CodeUnitCount > 0
        default: false
        }
    }

    private static func page(_ exchange: Exchange, _ status: UInt16) {
        let content = exchange.response.content
        let title = StatusCode.title(status)
        content.append("<html>\r\n<head><title>")
        content.append(title)
        content.append("</title></head>\r\n<body>\r\n<center><h1>")
        content.append(heading(status, title))
        content.append("</h1></center>\r\n")
        if let note = note(status) { content.append(note) }
        content.append("<hr><center>portico")
        if exchange.location.settings.core.serverTokens != .off {
            content.append("/")
            content.append(Version.text)
        }
        content.append("</center>\r\n</body>\r\n</html>\r\n")
        if status >= 400 { pad(exchange, content) }
    }

    // MARK: Internet Explorer

    /// `msie_refresh`
    private static func refreshes(_ exchange: Exchange) -> Bool {
        let response = exchange.response
        let isLed = !response.location.isEmpty || response.fields.contains { $0.known == .location }
        return exchange.location.settings.core.refreshesForExplorer && isLed
            && exchange.withRequestField(.userAgent, { BrowserKinds.isExplorer($0) }) == true
    }

    /// A page that has the browser go where it was to be redirected.
    private static func refresh(_ exchange: Exchange) {
        let response = exchange.response
        response.fill(200, "text/html") { content in
            content.append("<html><head><meta http-equiv=\"Refresh\" content=\"0; URL=")
            if let field = response.fields.first(where: { $0.known == .location }) {
                response.lines.withBytes(of: field.value) { URIPath.escape($0, as: .refresh, into: content) }
            } else {
                response.location.withReadable { url in
                    // The path alone was asked for.
                    var start = min(url.count, "https://".utf8.count)
                    while start < url.count, url[start] != UInt8(ascii: "/") { start += 1 }
                    URIPath.escape(url.extracting(start..<url.count), as: .refresh, into: content)
                }
            }
            content.append("\"></head><body></body></html>\r\n")
        }
        response.remove(.location)
        response.location.removeAll()
    }

    /// `msie_padding`
    private static func pad(_ exchange: Exchange, _ content: ByteBuffer) {
        guard exchange.location.settings.core.padsErrorPages,
            exchange.withRequestField(.userAgent, { BrowserKinds.replacesShortPages($0) }) == true
        else { return }
        for _ in 0..<6 {
            content.append("<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n")
        }
    }

    private static func heading(_ status: UInt16, _ title: StaticString) -> StaticString {
        (494...497).contains(status) ? "400 Bad Request" : title
    }

    private static func note(_ status: UInt16) -> StaticString? {
        switch status {
        case 494: "<center>Request Header Or Cookie Too Large</center>\r\n"
        case 495: "<center>The SSL certificate error</center>\r\n"
        case 496: "<center>No required SSL certificate was sent</center>\r\n"
        case 497: "<center>The plain HTTP request was sent to HTTPS port</center>\r\n"
        default: nil
        }
    }
}
