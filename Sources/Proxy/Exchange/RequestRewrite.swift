internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// Writes the head that goes to a peer, anew from what was parsed.
enum RequestRewrite {
    /// Writes the request's head for `target` into `out`.
    static func write(_ exchange: Exchange, target: ProxyTarget, to out: ByteBuffer) {
        out.removeAll()
        requestLine(exchange, target, out)
        let plan = exchange.location.proxyPlan
        exchange.proxying.asksForUpgrade = plan.alwaysUpgrades
        plan.appendFields(exchange, target, to: out)
        if !plan.setsHost { line("Host: ", target.hostText, out) }
        if !plan.setsConnection, exchange.location.settings.proxy.httpVersion == .http10 {
            out.append("Connection: close\r\n")
        }
        framing(exchange, plan, out)
        if plan.tellsClient { tellClient(exchange, out) }
        if exchange.location.settings.proxy.passesRequestHeaders {
            copyFields(exchange, plan, of: exchange.headBytes, out)
        }
        out.append("\r\n")
    }

    /// The lines of a head that was written, for people.
    static func lines(of head: ByteBuffer) -> [String] {
        head.bytes.split(separator: UInt8.lineFeed).compactMap { line in
            let shown = ByteBuffer.shown {
                $0.append(Array(line.last == .carriageReturn ? line.dropLast() : line))
            }
            return shown.isEmpty ? nil : shown
        }
    }

    // MARK: Request line

    private static func requestLine(_ exchange: Exchange, _ target: ProxyTarget, _ out: ByteBuffer) {
        exchange.proxying.method = exchange.method
        if let method = exchange.location.settings.proxy.method {
            let start = out.count
            method.append(for: exchange, to: out)
            let written = Slice(from: start, to: out.count)
            exchange.proxying.method = out.withBytes(of: written) { Method.recognise($0) }
        } else {
            exchange.appendMethod(to: out)
        }
        out.append(" ")
        RequestTarget.write(exchange, target, to: out)
        out.append(
            exchange.location.settings.proxy.httpVersion == .http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n")
    }

    // MARK: Fields

    private static func copyFields(
        _ exchange: Exchange, _ plan: ProxyPlan, of bytes: ByteBuffer, _ out: ByteBuffer
    ) {
        let head = exchange.head
        let web = exchange.proxying.web
        for index in head.fields.indices where plan.copies(head.fields[index], of: bytes) {
            if let web, head.fields[index].known == .contentType {
                out.append("Content-Type: ")
                GRPCWeb.appendType(of: head.fields[index], web, exchange, to: out)
                out.append("\r\n")
            } else {
                copy(head.fields[index], of: bytes, to: out)
            }
        }
    }

    private static func line(_ name: StaticString, _ value: [UInt8], _ out: ByteBuffer) {
        out.append(name)
        out.append(value)
        out.append("\r\n")
    }

    private static func copy(_ field: Field, of head: ByteBuffer, to out: ByteBuffer) {
        out.append(field.name, of: head)
        out.append(": ")
        out.append(field.value, of: head)
        out.append("\r\n")
    }

    private static func framing(_ exchange: Exchange, _ plan: ProxyPlan, _ out: ByteBuffer) {
        switch exchange.body.offer {
        case .none: if plan.setsZeroLength { length(0, out) }
        case .length(let count): length(count, out)
        case .chunked: out.append("Transfer-Encoding: chunked\r\n")
        case .unframed: break
        }
    }

    private static func length(_ count: Int64, _ out: ByteBuffer) {
        out.append("Content-Length: ")
        out.append(decimal: Int(count))
        out.append("\r\n")
    }

    /// What a gateway needs to see the client, where the configuration says nothing of it.
    ///
    /// What came from clients that are not trusted (`set_real_ip_from`) is replaced, not appended to.
    private static func tellClient(_ exchange: Exchange, _ out: ByteBuffer) {
        let isTrusted = RealIP.trustsPeer(exchange)
        out.append("X-Real-IP: ")
        exchange.remoteAddress.append(addressTo: out)
        out.append("\r\nX-Forwarded-For: ")
        if isTrusted { appendValues(of: .xForwardedFor, exchange, out) }
        exchange.remoteAddress.append(addressTo: out)
        out.append("\r\n")
        if isTrusted, let field = exchange.head.firstField(.xForwardedProto) {
            copy(field, of: exchange.headBytes, to: out)
        } else {
            out.append(
                exchange.client.isSecure ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n")
        }
        if isTrusted, let field = exchange.head.firstField(.xForwardedHost) {
            copy(field, of: exchange.headBytes, to: out)
        } else if let host = exchange.head.host {
            out.append("X-Forwarded-Host: ")
            out.append(host, of: exchange.headBytes)
            out.append("\r\n")
        }
    }

    private static func appendValues(of name: FieldName, _ exchange: Exchange, _ out: ByteBuffer) {
        for field in exchange.head.fields where field.known == name && !field.value.isEmpty {
            out.append(field.value, of: exchange.headBytes)
            out.append(", ")
        }
    }
}

/// The request target that goes to a peer: `proxy_pass` with and without a URI part.
enum RequestTarget {
    /// Appends the second word of a head that was written.
    static func append(ofHead head: ByteBuffer, to out: ByteBuffer) {
        var start = 0
        while start < head.count && head[start] != .space && head[start] != .carriageReturn { start += 1 }
        start += 1
        var end = start
        while end < head.count && head[end] != .space && head[end] != .carriageReturn { end += 1 }
        if start < end { out.append(Slice(from: start, to: end), of: head) }
    }

    static func write(_ exchange: Exchange, _ target: ProxyTarget, to out: ByteBuffer) {
        let start = out.count
        switch (target.uri, exchange.routing.pathOrigin) {
        case (let uri?, _) where target.hasVariables:
            let made = exchange.worker.takeScratch()
            uri.append(for: exchange, to: made)
            made.withReadable { URIPath.escapeControls($0, into: out) }
            exchange.worker.giveScratch(made)
        case (let uri?, .client), (let uri?, .changed):
            // The URI part replaces what the location matched.
            uri.append(for: exchange, to: out)
            path(exchange, from: min(exchange.location.replacedCount, exchange.uri.count), out)
        case (nil, .client):
            original(exchange.head, of: exchange.headBytes, out)
        case (_, .settled), (nil, .changed):
            path(exchange, from: 0, out)
        }
        if out.count == start { out.append("/") }
    }

    /// The path in force from `start` on, and its query. What the client had encoded is encoded again.
    private static func path(_ exchange: Exchange, from start: Int, _ out: ByteBuffer) {
        let rest = Slice(from: start, to: exchange.uri.count)
        if exchange.head.pathNeedsNormalising || exchange.routing.isInternal {
            exchange.uri.withBytes(of: rest) { URIPath.escape($0, as: .uri, into: out) }
        } else {
            out.append(rest, of: exchange.uri)
        }
        query(exchange, out)
    }

    private static func original(_ head: RequestHead, of bytes: ByteBuffer, _ out: ByteBuffer) {
        out.append(head.path, of: bytes)
        guard let query = head.query else {
            if head.hasQuery { out.append("?") }
            return
        }
        out.append("?")
        out.append(query, of: bytes)
    }

    private static func query(_ exchange: Exchange, _ out: ByteBuffer) {
        guard !exchange.arguments.isEmpty else { return }
        out.append("?")
        out.append(contentsOf: exchange.arguments)
    }
}
