internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// What a location's `proxy_…` directives amount to for each request, worked out once.
final class ProxyPlan {
    /// Fields that are set and have to be made for each request, in the order in which nginx sends them: each
    /// stands for some more behind it, and one is enough as a rule.
    private let madeFields: [MadeField]
    /// Fields behind those that are always the same, as they are sent.
    private let lastLines: [UInt8]
    /// One of the fields that are always the same is `Upgrade`.
    let alwaysUpgrades: Bool
    /// Known fields of the client that are not copied.
    private let skippedKnown: FieldSet
    /// Other fields that are not copied: lower-case names.
    private let skippedOther: [[UInt8]]
    /// Known and other response fields that do not pass to the client.
    private let hiddenKnown: FieldSet
    private let hiddenOther: [[UInt8]]
    private let shownKnown: FieldSet
    /// `Host` and `Connection` are set by the configuration itself.
    let setsHost: Bool
    let setsConnection: Bool
    /// `proxy_set_header Content-Length 0`: for what is sent without content. What frames content is always
    /// ours, since a length that is not the content's makes its rest, or the next request, another one.
    let setsZeroLength: Bool
    /// Gateways are told which requests came early, and are asked to refuse those that do harm (RFC 8470).
    let tellsEarlyData: Bool
    /// The location sets no field at all: the client's address is told in our own default fields.
    let tellsClient: Bool
    let passesBody: Bool
    /// Sessions made under the same TLS settings may be resumed; a number for each such setting.
    let tlsKey: Int
    let tls: TLSClientContext?
    /// `proxy_ssl_certificate` with variables.
    let certificate: MadeClientCertificate?
    /// What must be equal for a connection to be used again.
    let identity: NumberedIdentity

    init(
        _ location: LocationSettings, tls: (key: Int, name: String, context: TLSClientContext?),
        identity: NumberedIdentity, certificate: MadeClientCertificate? = nil
    ) {
        let proxy = location.proxy
        tlsKey = tls.key
        self.tls = tls.context
        self.identity = identity
        self.certificate = certificate
        let setFields = proxy.setHeaders.elements.filter { !$0.isFraming }
        setsZeroLength = proxy.setHeaders.elements.contains {
            $0.lowercasedName.elementsEqual("content-length".utf8) && $0.value.source == "0"
        }
        (madeFields, lastLines, alwaysUpgrades) = ProxyPlan.lines(setFields, proxy.httpVersion)
        tellsEarlyData = setFields.contains { $0.value.names(builtin: Variables.earlyDataName) }
        passesBody = proxy.passesRequestBody
        tellsClient = proxy.setHeaders.elements.isEmpty
        var known = FieldSet()
        var other: [[UInt8]] = []
        for header in setFields {
            let name = FieldName.recognise(header.name.span)
            if name == .other { other.append(header.lowercasedName) } else { known.insert(name) }
        }
        // An HTTP/1.1 request without Host is no request (RFC 9112 §3.2): the proxied host is sent instead.
        let needsHost = proxy.httpVersion != .http10
        setsHost = setFields.contains {
            FieldName.recognise($0.name.span) == .host && !(needsHost && $0.value.constant?.isEmpty == true)
        }
        setsConnection = known.contains(.connection)
        // Rebuilt for the next hop, never copied: RFC 9110 §7.6.1.
        for name in FieldName.allCases where name.isHopByHop { known.insert(name) }
        for name: FieldName in [.host, .expect, .contentLength] { known.insert(name) }
        if tellsClient {
            for name: FieldName in [.xForwardedFor, .xForwardedProto, .xForwardedHost, .xRealIP] {
                known.insert(name)
            }
        }
        skippedKnown = known
        skippedOther = other
        (hiddenKnown, hiddenOther, shownKnown) = ProxyPlan.hidden(proxy)
    }

    /// What is the same for every request is put together once. A value that is empty sends no field.
    private static func lines(_ fields: [ProxyHeader], _ version: UpstreamHTTPVersion) -> (
        [MadeField], [UInt8], Bool
    ) {
        var made: [(field: ProxyHeader, lead: [UInt8])] = []
        var constant: [UInt8] = []
        var upgrades = false
        for field in fields {
            let label = field.name + ": ".utf8
            guard let value = field.value.constant else {
                made.append((field, constant + label))
                constant = []
                continue
            }
            guard !value.isEmpty else { continue }
            constant += label + value + "\r\n".utf8
            if FieldName.recognise(field.name.span) == .upgrade { upgrades = true }
        }
        let chains = stride(from: 0, to: made.count, by: MadeField.chainMax).compactMap { start in
            made[start..<min(start + MadeField.chainMax, made.count)].reversed().reduce(nil as MadeField?) {
                MadeField($1.field, lead: $1.lead, version, next: $0)
            }
        }
        return (chains, constant, upgrades)
    }

    private static func hidden(_ proxy: ProxySettings) -> (FieldSet, [[UInt8]], FieldSet) {
        var known = FieldSet([
            .date, .server, .xPad, .xAccelExpires, .xAccelRedirect, .xAccelLimitRate, .xAccelBuffering,
            .xAccelCharset,
        ])
        var other: [[UInt8]] = []
        var shown = FieldSet()
        for text in proxy.hideHeaders.elements {
            let name = text.utf8.map(\.asciiLowercased)
            let recognised = FieldName.recognise(name.span)
            if recognised == .other { other.append(name) } else { known.insert(recognised) }
        }
        for text in proxy.passHeaders.elements {
            let name = text.utf8.map(\.asciiLowercased)
            let recognised = FieldName.recognise(name.span)
            other.removeAll { $0 == name }
            known.remove(recognised)
            shown.insert(recognised)
        }
        return (known, other, shown)
    }

    /// Appends the fields that are set.
    func appendFields(_ exchange: Exchange, _ target: ProxyTarget, to out: ByteBuffer) {
        for index in madeFields.indices { madeFields[index].write(exchange, target, to: out) }
        out.append(lastLines)
    }

    /// Whether a field of the client's request goes to the peer as it came.
    func copies(_ field: Field, of head: ByteBuffer) -> Bool {
        guard field.known == .other else {
            return !skippedKnown.contains(field.known) && !field.isConnectionNamed
        }
        if field.isConnectionNamed { return false }
        return !contains(skippedOther, field.name, head)
    }

    /// Whether a field of the peer's response is kept from the client.
    func hides(_ field: Field, of head: ByteBuffer) -> Bool {
        guard field.known == .other else { return hiddenKnown.contains(field.known) }
        return contains(hiddenOther, field.name, head)
    }

    /// Whether `proxy_pass_header` names the field.
    func shows(_ name: FieldName) -> Bool { shownKnown.contains(name) }

    private func contains(_ names: [[UInt8]], _ name: Slice, _ head: ByteBuffer) -> Bool {
        for candidate in names where candidate.count == Int(name.count) {
            if head.withBytes(of: name, { equalsLowercased($0, candidate) }) { return true }
        }
        return false
    }

    /// Whether the request that was sent asked the peer to switch protocols.
    func asksForUpgrade(_ exchange: Exchange) -> Bool {
        exchange.head.upgrade != nil && exchange.proxying.asksForUpgrade
    }
}

extension ProxyHeader {
    /// It would say where the content ends: RFC 9112 §6.
    fileprivate var isFraming: Bool {
        let name = FieldName.recognise(name.span)
        return name == .contentLength || name == .transferEncoding
    }
}

/// A field of `proxy_set_header` whose value is made of variables.
final class MadeField {
    /// Lines between the made field before it and this one, and `Name: `.
    private let lead: [UInt8]
    /// Bytes of the name and what follows it.
    private let labelCount: Int
    /// Appends the value. Of one built-in variable and nothing else, as most are, it is that variable's own:
    /// 150 instructions less than the template takes to find it.
    private let append: VariableRow.Append
    private let role: Role
    /// No control character can stand in the value: it is made here, or was judged with the head.
    private let isClean: Bool
    /// The one that is sent behind it.
    private let next: MadeField?
    /// Of more fields not each writes the next one: a file may have any number of them, and a stack has an
    /// end.
    static var chainMax: Int { 64 }

    /// Fields that mean something to the proxy itself.
    private enum Role {
        /// Asks the peer to switch protocols.
        case upgrade
        /// `Host` of an HTTP/1.1 request: it is never missing.
        case host
        case other
    }

    init(_ header: ProxyHeader, lead: [UInt8], _ version: UpstreamHTTPVersion, next: MadeField?) {
        self.lead = lead
        self.next = next
        labelCount = header.name.count + 2
        switch FieldName.recognise(header.name.span) {
        case .upgrade: role = .upgrade
        case .host where version != .http10: role = .host
        default: role = .other
        }
        let value = header.value
        if value.parts.count == 1, case .variable(.builtin(let index))? = value.parts.first {
            append = Variables.rows[index].append
            isClean = Variables.cleanNames.contains(Variables.rows[index].name)
        } else {
            append = { exchange, out in
                value.append(for: exchange, to: out)
                return true
            }
            isClean = false
        }
    }

    /// Writes the field, and those behind it. A value that turns out empty sends no field.
    ///
    /// By itself, and not in a loop over an array: whoever is called out of one is retained for that, and a
    /// constant of its caller's is not.
    func write(_ exchange: Exchange, _ target: ProxyTarget, to out: ByteBuffer) {
        out.append(lead)
        let valueStart = out.count
        _ = append(exchange, out)
        // A server's own name, which stands for a host that was not named, is whatever its file says.
        if !isClean || exchange.host.isEmpty { FieldValue.dropControls(of: out, from: valueStart) }
        if out.count == valueStart, role == .host { out.append(target.hostText) }
        if out.count > valueStart {
            if role == .upgrade { exchange.proxying.asksForUpgrade = true }
            out.append("\r\n")
        } else {
            out.truncate(to: valueStart - labelCount)
        }
        next?.write(exchange, target, to: out)
    }
}

/// Whether `bytes`, lower-cased, are `lowercased`.
func equalsLowercased(_ bytes: Span<UInt8>, _ lowercased: [UInt8]) -> Bool {
    guard bytes.count == lowercased.count else { return false }
    for index in bytes.indices where bytes[index].asciiLowercased != lowercased[index] { return false }
    return true
}

/// A set of known field names.
struct FieldSet {
    private var bits: UInt64 = 0

    init() {}

    init(_ names: [FieldName]) {
        for name in names { insert(name) }
    }

    func contains(_ name: FieldName) -> Bool {
        bits &>> UInt64(name.rawValue) & 1 == 1
    }

    mutating func insert(_ name: FieldName) {
        bits |= 1 &<< UInt64(name.rawValue)
    }

    mutating func remove(_ name: FieldName) {
        bits &= ~(1 &<< UInt64(name.rawValue))
    }
}
