internal import Core

/// Makes a `RequestHead` of a field block, and judges what only HTTP/2 can get wrong: RFC 9113 §8.
///
/// A block is decoded to its end whatever becomes of the request: the tables must go along. What a head may
/// take is counted as for HTTP/1, in decoded bytes, and no more than one field beyond it is ever held.
struct HTTP2RequestReader {
    /// What a field block came to.
    enum Outcome: Equatable, Sendable {
        case complete
        /// To be answered with the error's status.
        case refused(HeadError)
        /// §8.1.1: a stream error of type PROTOCOL_ERROR, without an answer.
        case malformed
    }

    /// Which pseudo-fields were there: a bit each.
    private struct PseudoFields: OptionSet {
        let rawValue: UInt8
        static let method = PseudoFields(rawValue: 1)
        static let scheme = PseudoFields(rawValue: 2)
        static let authority = PseudoFields(rawValue: 4)
        static let path = PseudoFields(rawValue: 8)
        /// RFC 8441 §4.
        static let protocolName = PseudoFields(rawValue: 16)
        /// Another field was there: none of these may follow.
        static let over = PseudoFields(rawValue: 128)
    }

    private enum Refusal: Error {
        case malformed
        case head(HeadError)
    }

    private let head: RequestHead
    private let bytes: ByteBuffer
    private let limits: HeadLimits
    private let builder: RequestHeadBuilder
    private var budget = LineBudget()
    private var seen: PseudoFields = []
    /// The first cookie, and all of them from the second on.
    private var cookie: HPACKField?
    private let cookies: ByteBuffer
    private var hostField: Slice?
    private var protocolName = Slice()

    /// - Parameters:
    ///   - bytes: the parts of `head` will stand in it.
    ///   - cookies: memory to join cookies in; what is in it is dropped.
    init(_ head: RequestHead, in bytes: ByteBuffer, limits: HeadLimits, cookies: ByteBuffer) {
        self.head = head
        self.bytes = bytes
        self.limits = limits
        self.cookies = cookies
        cookies.removeAll()
        builder = RequestHeadBuilder(head, in: bytes, limits: limits)
    }

    /// Reads a request's block.
    ///
    /// - Parameter hasContent: the stream does not end with it.
    mutating func read(
        _ block: Span<UInt8>, _ decoder: inout HPACKDecoder, hasContent: Bool
    ) throws(HPACKError) -> Outcome {
        var outcome = Outcome.complete
        var cursor = 0
        decoder.begin()
        while let field = try decoder.next(
            block, at: &cursor, into: bytes, isWanted: outcome == .complete)
        {
            guard case .complete = outcome else { continue }
            outcome = judge { (reader) throws(Refusal) in try reader.take(field) }
            if !field.isVetted, outcome == .complete { decoder.vet(field) }
        }
        if case .complete = outcome {
            outcome = judge { (reader) throws(Refusal) in try reader.finish(hasContent: hasContent) }
        }
        if outcome != .complete { builder.appendRefusedLine() }
        return outcome
    }

    private mutating func judge(
        _ step: (inout HTTP2RequestReader) throws(Refusal) -> Void
    ) -> Outcome {
        do throws(Refusal) {
            try step(&self)
            return .complete
        } catch {
            switch error {
            case .malformed: return .malformed
            case .head(let error): return .refused(error)
            }
        }
    }

    // MARK: Fields

    private mutating func take(_ field: HPACKField) throws(Refusal) {
        guard field.isVetted || bytes.withReadable({ HTTP2RequestReader.isSound(field, in: $0) }) else {
            throw .malformed
        }
        if bytes[Int(field.name.start)] == UInt8(ascii: ":") { return try takePseudo(field) }
        seen.insert(.over)
        try charge(Int(field.name.count) + Int(field.value.count) + 4, isFirst: false)
        let known = bytes.withBytes(of: field.name) { FieldName.recognise($0) }
        guard !HTTP2RequestReader.isOfConnection(known, field, in: bytes) else { throw .malformed }
        switch known {
        case .cookie:
            return join(field)
        case .host:
            hostField = field.value
        default:
            break
        }
        try append(field.name, field.value)
    }

    /// §8.2.2: it speaks of a connection that this is not.
    static func isOfConnection(
        _ known: FieldName, _ field: HPACKField, in bytes: ByteBuffer
    ) -> Bool {
        known.isConnectionSpecific || known == .te && !bytes.equalsIgnoringCase(field.value, "trailers")
    }

    /// §8.2.1: names are tokens in lower case; values are visible, and no white space stands around them.
    static func isSound(_ field: HPACKField, in bytes: Span<UInt8>) -> Bool {
        let name = bytes.extracting(field.name.range)
        let value = bytes.extracting(field.value.range)
        guard name.count > 0 else { return false }
        let start = name[0] == UInt8(ascii: ":") ? 1 : 0
        // Nearly all of them are.
        if !ByteScan.isPlainLowerName(name, from: start) {
            for index in start..<name.count {
                let byte = name[index]
                guard byte > .space, byte < 0x7F, byte &- 0x41 >= 26, byte != UInt8(ascii: ":") else {
                    return false
                }
            }
        }
        guard ByteScan.endOfText(in: value, from: 0) == value.count else { return false }
        guard value.count > 0 else { return true }
        return !isBlank(value[0]) && !isBlank(value[value.count - 1])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == .space || byte == .tab }

    /// §8.3: each once, before all others, and none that is not known.
    private mutating func takePseudo(_ field: HPACKField) throws(Refusal) {
        let name = bytes.withBytes(of: field.name) { HTTP2RequestReader.pseudoField($0) }
        guard let name, !seen.contains(name), !seen.contains(.over) else { throw .malformed }
        seen.insert(name)
        guard !field.value.isEmpty else { throw .malformed }
        switch name {
        case .method:
            try charge(Int(field.value.count), isFirst: true)
            try refuse { () throws(HeadError) in try builder.setMethod(field.value) }
        case .path:
            try charge(Int(field.value.count) + 12, isFirst: true)
            builder.setTarget(field.value)
        case .scheme:
            let isScheme = bytes.withBytes(of: field.value) { HTTP2RequestReader.isScheme($0) }
            guard isScheme else { throw .malformed }
            try charge(Int(field.value.count), isFirst: true)
            builder.setScheme(field.value)
        case .protocolName:
            try charge(Int(field.value.count), isFirst: false)
            protocolName = field.value
        default:
            try charge(Int(field.value.count), isFirst: false)
            builder.setAuthority(field.value)
        }
    }

    private static func pseudoField(_ name: Span<UInt8>) -> PseudoFields? {
        // Its name has no large letters.
        switch name.count {
        case 5: ByteScan.isName(name, ":path") ? .path : nil
        case 7: ByteScan.isName(name, ":method") ? .method : ByteScan.isName(name, ":scheme") ? .scheme : nil
        case 9: ByteScan.isName(name, ":protocol") ? .protocolName : nil
        case 10: ByteScan.isName(name, ":authority") ? .authority : nil
        default: nil
        }
    }

    /// RFC 3986 §3.1.
    private static func isScheme(_ text: Span<UInt8>) -> Bool {
        if ByteScan.isName(text, "https") || ByteScan.isName(text, "http") { return true }
        guard text[0].isASCIIAlpha else { return false }
        for index in text.indices {
            let byte = text[index]
            let isMark = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            guard byte.isASCIIAlpha || byte.isASCIIDigit || isMark else { return false }
        }
        return true
    }

    /// §8.2.3: one field for HTTP/1, which knows no second one.
    private mutating func join(_ field: HPACKField) {
        guard let first = cookie else {
            cookie = field
            return
        }
        if cookies.isEmpty { cookies.append(first.value, of: bytes) }
        cookies.append("; ")
        cookies.append(field.value, of: bytes)
        bytes.truncate(to: Int(field.name.start))
    }

    private mutating func charge(_ count: Int, isFirst: Bool) throws(Refusal) {
        if let error = budget.charge(count, isFirst: isFirst, limits) { throw .head(error) }
    }

    private func append(_ name: Slice, _ value: Slice) throws(Refusal) {
        try refuse { () throws(HeadError) in try builder.append(name: name, value: value) }
    }

    private func refuse(_ step: () throws(HeadError) -> Void) throws(Refusal) {
        do throws(HeadError) { try step() } catch { throw .head(error) }
    }

    // MARK: The end

    private mutating func finish(hasContent: Bool) throws(Refusal) {
        var hasContent = hasContent
        if seen.contains(.protocolName) {
            // RFC 8441 §4: CONNECT with all of them, and a stream that stays open.
            guard head.method == .connect, seen.isSuperset(of: [.scheme, .path, .authority]), hasContent
            else { throw .malformed }
            hasContent = false
            try askForUpgrade()
        } else if head.method == .connect {
            // §8.5: neither scheme nor path.
            guard seen.isDisjoint(with: [.scheme, .path]), seen.contains(.authority) else { throw .malformed }
            // What comes is no content of the request, but the tunnel's.
            hasContent = false
        } else {
            guard seen.isSuperset(of: [.method, .scheme, .path]) else { throw .malformed }
        }
        try settleHost()
        try appendCookies()
        try refuse { () throws(HeadError) in try builder.finish(hasContent: hasContent) }
    }

    /// A tunnel is asked for, which in HTTP/1 a GET does: RFC 8441 §5, RFC 6455 §4.1.
    private func askForUpgrade() throws(Refusal) {
        let method = append("GET")
        try refuse { () throws(HeadError) in try builder.setMethod(method) }
        try append(append("connection"), append("Upgrade"))
        try append(append("upgrade"), protocolName)
        guard bytes.equalsIgnoringCase(protocolName, "websocket") else { return }
        let name = append("sec-websocket-key")
        let start = bytes.count
        HTTP2RequestReader.appendKey(to: bytes)
        try append(name, Slice(from: start, to: bytes.count))
    }

    private func append(_ text: StaticString) -> Slice {
        let start = bytes.count
        bytes.append(text)
        return Slice(from: start, to: bytes.count)
    }

    /// Sixteen bytes that nobody foresees, in base64: 21 letters that any, one that two bits decide.
    private static func appendKey(to out: ByteBuffer) {
        let letters: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var generator = SystemRandomNumberGenerator()
        letters.withUTF8Buffer { letters in
            for index in 0..<22 {
                let value = Int(UInt8.random(in: 0...63, using: &generator))
                out.append(letters[index < 21 ? value : value & 0x30])
            }
        }
        out.append("==")
    }

    /// §8.3.1: Host and `:authority` name the same, and HTTP/1 wants a Host.
    private mutating func settleHost() throws(Refusal) {
        guard let authority = head.authority else { return }
        if let hostField {
            let isSame = bytes.withReadable { bytes in
                equalsIgnoringCase(bytes.extracting(authority.range), bytes.extracting(hostField.range))
            }
            guard isSame else { throw .malformed }
            return
        }
        let start = bytes.count
        bytes.append("host")
        try append(Slice(from: start, to: bytes.count), authority)
    }

    private mutating func appendCookies() throws(Refusal) {
        guard let cookie else { return }
        guard !cookies.isEmpty else { return try append(cookie.name, cookie.value) }
        let start = bytes.count
        bytes.append(contentsOf: cookies)
        try append(cookie.name, Slice(from: start, to: bytes.count))
    }
}
