internal import Config
internal import Core
internal import HTTP
internal import Net

/// `return`: answers with a text or a redirect. And the redirects that are made here for other reasons.
enum Return {
    /// Answers with `status`; `text` is the content, or the target of a redirect. 444 closes without
    /// an answer.
    static func respond(_ status: UInt16, _ text: Template<Variable>?, to exchange: Exchange) -> Outcome {
        if status == 444 { return .close }
        if status == 408 { return .status(408) }
        exchange.accounting.fault = .ok
        if isRedirect(status) {
            let target = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(target) }
            text?.append(for: exchange, to: target)
            setLocation(exchange, path: target)
            return .status(status)
        }
        if status >= 400 && text == nil { return .status(status) }
        let response = exchange.response
        response.status = exchange.routing.statusOverride.take() ?? status
        response.content.removeAll()
        text?.append(for: exchange, to: response.content)
        response.contentKind = response.content.isEmpty ? .none : .buffered
        response.contentLength = Int64(response.content.count)
        ContentType.set(for: exchange)
        return ConditionalRequest.settle(exchange, tag: exchange.worker.noBytes)
    }

    /// Sets the `Location` for a path that lacks its last slash.
    static func redirectToSlash(_ exchange: Exchange) {
        let target = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(target) }
        exchange.uri.withReadable { URIPath.escape($0, as: .uri, into: target) }
        target.append(UInt8(ascii: "/"))
        if !exchange.arguments.isEmpty {
            target.append(UInt8(ascii: "?"))
            target.append(contentsOf: exchange.arguments)
        }
        setLocation(exchange, path: target)
    }

    /// Sets the `Location`: a path becomes an absolute URL where `absolute_redirect` says so.
    static func setLocation(_ exchange: Exchange, path: ByteBuffer) {
        guard exchange.location.settings.core.absoluteRedirect, !path.isEmpty, path[0] == UInt8(ascii: "/")
        else {
            return exchange.response.add(.location) { appendLine(path, to: $0) }
        }
        let location = exchange.response.location
        location.removeAll()
        appendOrigin(of: exchange, to: location)
        appendLine(path, to: location)
    }

    /// A line break would begin another field: control characters are left out.
    private static func appendLine(_ text: ByteBuffer, to out: ByteBuffer) {
        for index in 0..<text.count where text[index] >= 0x20 || text[index] == .tab {
            out.append(text[index])
        }
    }

    /// Appends `scheme://host[:port]`: `server_name_in_redirect`, `port_in_redirect`.
    private static func appendOrigin(of exchange: Exchange, to out: ByteBuffer) {
        let isTLS = exchange.client.isSecure
        out.append(isTLS ? "https://" : "http://")
        let local = exchange.client.localAddress
        if exchange.location.settings.core.serverNameInRedirect {
            out.append(exchange.server.serverName)
        } else if !exchange.host.isEmpty {
            out.append(contentsOf: exchange.host)
        } else {
            local.append(addressTo: out)
        }
        if exchange.location.settings.core.portInRedirect, let port = local.port, port != (isTLS ? 443 : 80) {
            out.append(UInt8(ascii: ":"))
            out.append(decimal: Int(port))
        }
    }

    private static func isRedirect(_ status: UInt16) -> Bool {
        switch status {
        case 301, 302, 303, 307, 308: true
        default: false
        }
    }
}
