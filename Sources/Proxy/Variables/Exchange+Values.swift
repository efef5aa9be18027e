internal import Core
internal import HTTP
internal import Net

/// What variables are made of.
extension Exchange {
    var nowMs: Int64 { worker.clock.nowMs }

    // MARK: Variables of the configuration

    /// Appends the value of a `map` and the like: the one that was made for this request, if it was.
    func appendComputed(_ index: Int, to out: ByteBuffer) -> Bool {
        if values.appendMade(index, to: out) { return true }
        guard snapshot.configuration.computedVariables.indices.contains(index) else { return false }
        let start = out.count
        guard snapshot.configuration.computedVariables[index].append(for: self, to: out) else { return false }
        if !snapshot.configuration.computedVariables[index].isVolatile {
            values.keepMade(index, Slice(from: start, to: out.count), of: out)
        }
        return true
    }

    /// A variable is asked for that has no value. One that a `set` somewhere gives a value is empty from now
    /// on, as in nginx.
    ///
    /// - Returns: whether it has a value, which is empty unless a built-in variable of this name has one.
    func appendUnset(_ index: Int, to out: ByteBuffer) -> Bool {
        if let own = snapshot.configuration.replacedVariables[index] {
            return Variables.append(own, of: self, to: out)
        }
        guard let name = snapshot.configuration.setVariables[index] else { return false }
        if location.settings.logs.warnsOfUnset {
            let activity = if case .finished = phase { " while logging request" } else { "" }
            log(.warn, "using uninitialized \"\(name)\" variable\(activity)")
        }
        values.set(index, worker.noBytes)
        return true
    }

    // MARK: Fields of the request

    /// Appends the values of all fields called `name` (lower case, `_` for `-`).
    ///
    /// - Returns: whether there is one.
    func appendRequestField(named name: [UInt8], to out: ByteBuffer) -> Bool {
        let isCookie = name.elementsEqual("cookie".utf8)
        return FieldLookup.append(
            named: name, among: head.fields, of: headBytes, separator: isCookie ? "; " : ", ", to: out)
    }

    /// Appends the values of all fields of a known name, joined by commas (cookies by semicolons).
    func appendRequestField(_ name: FieldName, to out: ByteBuffer) -> Bool {
        guard head.fields.mayHold(name) else { return false }
        var isFound = false
        for index in head.fields.indices where head.fields[index].known == name {
            if isFound { out.append(name == .cookie ? "; " : ", ") }
            out.append(head.fields[index].value, of: headBytes)
            isFound = true
        }
        return isFound
    }

    /// Calls `body` with the value of the first field of a known name, if there is one.
    func withRequestField<Value>(_ name: FieldName, _ body: (Span<UInt8>) -> Value) -> Value? {
        guard let field = head.firstField(name) else { return nil }
        return headBytes.withBytes(of: field.value) { body($0) }
    }

    func hasRequestField(_ name: FieldName) -> Bool { head.firstField(name) != nil }

    /// - Returns: false: there is none, not even an empty one.
    func appendQuery(to out: ByteBuffer) -> Bool {
        out.append(contentsOf: arguments)
        return routing.hasQuery || !arguments.isEmpty
    }

    func appendArgument(named name: [UInt8], to out: ByteBuffer) -> Bool {
        // As in nginx, what has no name is no argument.
        !name.isEmpty && arguments.withReadable { FieldLookup.appendArgument(named: name, of: $0, to: out) }
    }

    func appendCookie(named name: [UInt8], to out: ByteBuffer) -> Bool {
        for field in head.fields where field.known == .cookie {
            let isFound = headBytes.withBytes(of: field.value) {
                FieldLookup.appendCookie(named: name, of: $0, isFirstOnly: false, to: out)
            }
            if isFound { return true }
        }
        return false
    }

    // MARK: Fields of responses

    func appendResponseField(named name: [UInt8], to out: ByteBuffer) -> Bool {
        FieldLookup.append(named: name, among: response.fields, of: response.lines, separator: ", ", to: out)
    }

    func appendTrailer(named name: [UInt8], to out: ByteBuffer) -> Bool {
        guard let trailers = response.trailers else { return false }
        return FieldLookup.append(
            named: name, among: trailers.fields, of: trailers.lines, separator: ", ", to: out)
    }

    func appendUpstreamTrailer(named name: [UInt8], to out: ByteBuffer) -> Bool {
        guard let trailers = upstream?.trailers else { return false }
        return FieldLookup.append(
            named: name, among: trailers.fields, of: trailers.bytes, separator: ", ", to: out)
    }

    func appendUpstreamField(named name: [UInt8], to out: ByteBuffer) -> Bool {
        guard let upstream else { return false }
        let isFound = FieldLookup.append(
            named: name, among: upstream.response.fields, of: upstream.response.bytes,
            separator: ", ",
            to: out)
        if isFound { return true }
        // As in nginx, a gateway that does not say these says nothing.
        let isImplied = name.elementsEqual("server".utf8) || name.elementsEqual("date".utf8)
        return isImplied && upstream.response.status != 0
    }

    func appendUpstreamCookie(named name: [UInt8], to out: ByteBuffer) -> Bool {
        guard let upstream else { return false }
        for field in upstream.response.fields where field.known == .setCookie {
            let isFound = upstream.response.bytes.withBytes(of: field.value) {
                FieldLookup.appendCookie(named: name, of: $0, isFirstOnly: true, to: out)
            }
            if isFound { return true }
        }
        return false
    }

    // MARK: The request itself

    /// The request line; nothing if the head was refused before its end.
    func appendRequestLine(to out: ByteBuffer) {
        out.append(head.line, of: headBytes)
    }

    /// The path and query as the client sent them; of an absolute-form target without the host.
    func appendTarget(to out: ByteBuffer) {
        out.append(head.originForm, of: headBytes)
    }

    /// The method in force; nothing if the request line was refused, unless a page is served for that.
    func appendMethod(to out: ByteBuffer) { append(method, to: out) }

    /// The method in force of the client's request, where this one was made for it.
    func appendMainMethod(to out: ByteBuffer) {
        if case .inner(let subrequest) = stream { return append(subrequest.mainMethod, to: out) }
        append(method, to: out)
    }

    private func append(_ method: Method, to out: ByteBuffer) {
        if method == head.method, head.hasLine {
            out.append(head.methodText, of: headBytes)
        } else if head.hasLine || routing.isInternal {
            out.append(method.text)
        }
    }

    /// The path in force; none if the request line was refused.
    func appendPath(to out: ByteBuffer) -> Bool {
        out.append(contentsOf: uri)
        return !uri.isEmpty || head.hasLine
    }

    /// The protocol; nothing if the request line was refused.
    func appendProtocol(to out: ByteBuffer) {
        guard head.hasLine else { return }
        out.append(head.version.text)
    }

    /// 32 random hexadecimal digits, drawn when first asked for.
    func appendRequestID(to out: ByteBuffer) {
        if values.requestID.isEmpty {
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<2 {
                let number = generator.next()
                for shift in stride(from: 60, through: 0, by: -4) {
                    values.requestID.append(
                        UInt8.hexDigit(UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 0xF))
                }
            }
        }
        out.append(contentsOf: values.requestID)
    }

    /// The port that the request names with its host: in its target, or in Host.
    var requestPort: UInt16? { head.host.flatMap { headBytes.withBytes(of: $0) { HostName.port($0) } } }

    /// The user's name in `Authorization: Basic`.
    func appendRemoteUser(to out: ByteBuffer) {
        if values.remoteUser.isEmpty {
            _ = withRequestField(.authorization) { BasicCredentials.appendUser($0, to: values.remoteUser) }
        }
        out.append(contentsOf: values.remoteUser)
    }

    /// The request's content, as far as it is held in memory and not in a file; one that was read and is
    /// empty is there, too.
    func appendHeldBody(to out: ByteBuffer) -> Bool {
        guard let held = body.held else { return body.isKeptEmpty }
        out.append(contentsOf: held)
        return !held.isEmpty || body.isKeptEmpty
    }

    // MARK: The response itself

    /// The head of a 204 that is made here has left, without a type or a length; until then they may be asked
    /// for.
    var hasSentNoContent: Bool { isResponding && response.isOwnNoContent }

    /// The response was sent to its end; of one that tells of another request, that one's was.
    var isComplete: Bool {
        if case .inner(let subrequest) = stream { return subrequest.mainIsComplete }
        guard case .finished = phase else { return false }
        return accounting.fault != .clientClosed && response.status != 444
    }

    /// The status that logs show: the one sent; 0 before there is one.
    var loggedStatus: UInt16 { routing.statusOverride ?? response.status }

    /// The content is framed in chunks: its length is not known, or fields follow it, and the client speaks
    /// HTTP/1.1.
    var isChunked: Bool {
        guard head.version == .http11, method != .head, location.settings.core.chunkedTransferEncoding,
            response.status != 204, response.status != 304
        else { return false }
        if response.expectsTrailers { return true }
        switch response.contentKind {
        case .streamed: return response.contentLength == nil
        case .buffered, .file: return filter != nil
        case .none: return false
        }
    }

    /// One value of the kernel's record of the client's connection.
    func appendTCPState(to out: ByteBuffer, _ value: (TCPState) -> UInt32) -> Bool {
        guard client.transport.isOpen, let state = Socket.tcpInfo(client.transport.fd) else { return false }
        out.append(decimal: UInt(value(state)))
        return true
    }

    typealias TCPState = (rtt: UInt32, rttvar: UInt32, cwnd: UInt32, space: UInt32)
}
