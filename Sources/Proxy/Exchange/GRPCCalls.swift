internal import Core
internal import HTTP
internal import Sharing
internal import Upstream

/// gRPC calls: requests of their type in locations that pass them on (`grpc_pass`).
extension Exchange {
    /// The location in force passes to servers of gRPC.
    var passesGRPC: Bool {
        guard case .proxy(let target) = location.settings.content else { return false }
        return target.isGRPC
    }

    /// Whoever sent it takes an answer for what `grpc-status` says.
    var isGRPCCall: Bool {
        guard passesGRPC, !asksForTunnel, let type = head.firstField(.contentType) else { return false }
        if headBytes.withBytes(of: type.value, { GRPCStatus.isCall(contentType: $0) }) { return true }
        return GRPCWeb.form(of: self) != nil
    }

    /// It goes to a server of gRPC.
    func beginCall(_ request: UpstreamRequest) {
        proxying.web = GRPCWeb.form(of: self)
        request.beginDeadline()
    }

    /// Whether fields behind a response's content are wanted. Browsers do not say so.
    var takesTrailers: Bool { proxying.web != nil || head.takesTrailers(headBytes) }

    /// It is under way at a server of gRPC: its messages come when there are some.
    private var isOpenCall: Bool {
        guard body.isStreamed, let upstream, upstream.isActive else { return false }
        return proxying.target?.isGRPC ?? false
    }

    /// The server has begun to answer: that it goes on bounds the call (`grpc_read_timeout`), however long
    /// the client has nothing to say.
    var isAnsweredCall: Bool { isResponding && isOpenCall }

    /// Longest wait for more of the request's content.
    var contentGapMs: Int {
        let timeoutMs = location.settings.core.clientBodyTimeoutMs
        return isOpenCall ? max(timeoutMs, location.settings.proxy.readTimeoutMs) : timeoutMs
    }

    /// `client_min_rate` of the request's content.
    var contentMinRate: Int { isOpenCall ? 0 : location.settings.core.clientMinRate }

    /// How long the client waits, in milliseconds; `nil`: it does not say.
    var callTimeoutMs: Int? {
        guard let field = head.fields.first(where: { isNamed($0, "grpc-timeout", headBytes) }) else {
            return nil
        }
        return headBytes.withBytes(of: field.value) { GRPCTimeout.milliseconds($0) }
    }

    /// `$grpc_status`: of the answer's head if it is all of it, else of what stands behind its content.
    func appendGRPCStatus(to out: ByteBuffer) -> Bool {
        if append(statusOf: response.fields, response.lines, to: out) { return true }
        if let trailers = response.trailers, append(statusOf: trailers.fields, trailers.lines, to: out) {
            return true
        }
        guard let received = upstream?.trailers else { return false }
        return append(statusOf: received.fields, received.bytes, to: out)
    }

    private func append(statusOf fields: FieldList, _ bytes: ByteBuffer, to out: ByteBuffer) -> Bool {
        guard let field = fields.first(where: { isNamed($0, "grpc-status", bytes) }) else { return false }
        out.append(field.value, of: bytes)
        return true
    }

    private func isNamed(_ field: Field, _ name: StaticString, _ bytes: ByteBuffer) -> Bool {
        field.known == .other && bytes.equalsIgnoringCase(field.name, name)
    }
}

extension UpstreamRequest {
    /// `grpc_next_upstream grpc_unavailable`: the server serves no calls now, and has said nothing else.
    var isUnavailable: Bool {
        guard proxy.nextUpstream.conditions.contains(.grpcUnavailable) else { return false }
        return response.fields.contains { field in
            field.known == .other && response.bytes.equalsIgnoringCase(field.name, "grpc-status")
                && response.bytes.equalsIgnoringCase(field.value, "14")
        }
    }
}

extension UpstreamRequest {
    /// The answer to a call broke off: what stands behind it says what the call came to, which a reset would
    /// have the client take for a fault of ours.
    ///
    /// - Returns: `false`: this is no call, or its client cannot be told so, and must see that it is not all.
    func saysWhatCallCameTo() -> Bool {
        // The messages of browsers cannot be told from what stands behind them once one is not whole.
        guard exchange.isGRPCCall, exchange.proxying.web == nil, exchange.response.status == 200,
            exchange.response.contentLength == nil, exchange.response.expectsTrailers, exchange.takesTrailers
        else { return false }
        let isLate = exchange.accounting.fault == .deadline
        let status = isLate ? .deadlineExceeded : GRPCStatus(cutBy: attempt.cause)
        let lines = worker.takeScratch()
        defer { worker.giveScratch(lines) }
        lines.append("grpc-status: \(status.rawValue)\r\ngrpc-message: \(status.title)\r\n")
        receivedTrailers.reset()
        receivedTrailers.append(lines: 0..<lines.count, of: lines)
        receivedTrailers.complete()
        return true
    }
}

extension GRPCStatus {
    /// What a call has come to whose answer broke off: its server is gone, unless that has said something
    /// else.
    fileprivate init(cutBy cause: FailureCause) {
        switch cause {
        case .reset(let code): self.init(reset: code.flatMap { HTTP2ErrorCode(rawValue: UInt32($0)) })
        case .invalid: self = .internal
        case .unknown, .refused, .unreachable, .missing, .forbidden, .broken, .cut, .late, .handshake,
            .expired, .revoked, .otherName, .unverified, .status:
            self = .unavailable
        }
    }
}

/// What calls are answered here with when no `error_page` says otherwise: an answer without messages.
enum GRPCAnswers {
    /// Fills in the answer that stands for `status`; that of HTTP is always 200.
    static func fill(_ exchange: Exchange, status: UInt16) {
        let response = exchange.response
        response.status = 200
        exchange.accounting.meantStatus = status
        response.content.removeAll()
        response.reason.removeAll()
        response.hasOwnReason = false
        response.lastModified = nil
        response.contentKind = .none
        response.contentLength = 0
        response.contentType.removeAll()
        if let form = GRPCWeb.form(of: exchange) {
            GRPCWeb.appendAnswerType(form, to: response.contentType)
        } else {
            response.contentType.append("application/grpc")
        }
        exchange.keptFields.forgetRanges()
        let isLate = exchange.accounting.fault == .deadline
        let code = isLate ? GRPCStatus.deadlineExceeded : GRPCStatus(httpStatus: status)
        add("grpc-status", to: response) { $0.append(decimal: Int(code.rawValue)) }
        add("grpc-message", to: response) { out in
            if isLate { out.append("Deadline Exceeded") } else { out.append(StatusCode.title(status)) }
        }
    }

    private static func add(_ name: StaticString, to response: Response, _ value: (ByteBuffer) -> Void) {
        response.add(name: Array(name.description.utf8), known: .other, value)
    }
}
