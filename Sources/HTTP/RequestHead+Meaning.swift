public import Core

/// What the fields of a request mean for its framing and its way.
extension RequestHead {
    /// Whether fields behind a response's content are wanted: RFC 9110 §10.1.4.
    public func takesTrailers(_ buffer: ByteBuffer) -> Bool {
        guard fields.mayHold(.te) else { return false }
        return buffer.withReadable { bytes in
            for index in fields.indices where fields[index].known == .te {
                var list = ListReader(fields[index].value)
                while let element = list.next(bytes) {
                    if equalsIgnoringCase(bytes.extracting(element.range), "trailers") { return true }
                }
            }
            return false
        }
    }

    /// Whether `Connection` names a field that does not stand in the head: RFC 9110 §7.6.1.
    public func isConnectionNamed(_ name: Slice, of source: ByteBuffer, head buffer: ByteBuffer) -> Bool {
        guard fields.mayHold(.connection) else { return false }
        return source.withBytes(of: name) { name in
            buffer.withReadable { ConnectionOptions.names(name, bytes: $0, fields) }
        }
    }

    /// Appends the host that is asked for, without its port and in small letters; `buffer` is the head's.
    public func appendHostName(of buffer: ByteBuffer, to out: ByteBuffer) {
        guard let host else { return }
        if judgedHost.name != nil { return judgedHost.appendName(to: out) }
        HostName.appendName(of: host, in: buffer, to: out)
    }

    /// The host that a head names which may have been refused before it counted; it may be none. RFC 9112
    /// §3.2.2: a target's own authority wins.
    public var namedHost: Slice? { authority ?? firstField(.host)?.value }

    func forgetMeaning() {
        host = nil
        content = .none
        expectsContinue = false
        upgrade = nil
        connection = []
    }

    /// Settles what all fields together say, once they are there.
    func interpret(_ bytes: Span<UInt8>) throws(HeadError) {
        var hostField: Slice?
        var contentLength: Int64?
        var transferEncoding: Slice?
        // A bit for each name that was there and may be there once only.
        var seen: UInt64 = 0
        for index in fields.indices {
            let field = fields[index]
            switch field.known {
            case .host:
                guard hostField == nil else { throw .duplicateHost }
                hostField = field.value
            case .contentLength:
                guard contentLength == nil else { throw .duplicateContentLength }
                guard let length = decimalValue(bytes.extracting(field.value.range)) else {
                    throw .badContentLength
                }
                contentLength = length
            case .transferEncoding:
                guard transferEncoding == nil else { throw .badTransferEncoding }
                transferEncoding = field.value
            case .authorization, .expect, .ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince,
                .ifRange,
                .contentRange:
                let bit: UInt64 = 1 << UInt64(field.known.rawValue)
                guard seen & bit == 0 else { throw .duplicateField }
                seen |= bit
                guard field.known == .expect else { continue }
                expectsContinue = equalsIgnoringCase(bytes.extracting(field.value.range), "100-continue")
            case .upgrade:
                if upgrade == nil { upgrade = field.value }
            default: break
            }
        }
        if let contentLength { content = .known(contentLength) }
        try settleFraming(bytes, transferEncoding)
        try settleHost(bytes, hostField)
        guard fields.mayHold(.connection) else { return }
        guard let options = ConnectionOptions.read(bytes, &fields) else { throw .tooManyFields }
        connection = options
    }

    /// RFC 9112 §6: one way to read it, or none.
    private func settleFraming(_ bytes: Span<UInt8>, _ encoding: Slice?) throws(HeadError) {
        guard let encoding else { return }
        switch version {
        case .http10: throw .chunkedInOldVersion
        case .http11: break
        // RFC 9113 §8.2.2: frames are the only framing there.
        case .http2: throw .badTransferEncoding
        }
        guard content == .none else { throw .conflictingFraming }
        let value = bytes.extracting(encoding.range)
        if equalsIgnoringCase(value, "chunked") {
            content = .unknown
            return
        }
        var isOneToken = value.count > 0
        for index in value.indices where !(value[index].isASCIIAlpha || value[index].isASCIIDigit) {
            isOneToken = false
            break
        }
        throw isOneToken ? .unsupportedTransferEncoding : .badTransferEncoding
    }

    /// RFC 9112 §3.2: exactly one Host in HTTP/1.1, and a target's own authority wins over it. RFC 9113
    /// §8.3.1: either will do, and `:authority` wins.
    private func settleHost(_ bytes: Span<UInt8>, _ field: Slice?) throws(HeadError) {
        if field == nil && (version == .http11 || version == .http2 && authority == nil) {
            throw .missingHost
        }
        if let field {
            guard judgedHost.isValid(bytes.extracting(field.range)) else { throw .badHost }
        }
        if let authority {
            guard judgedHost.isValid(bytes.extracting(authority.range)) else { throw .badHost }
            host = authority
        } else {
            host = field
        }
    }
}
