internal import Config
internal import Core
internal import HTTP
internal import Net

/// `secure_link`, `secure_link_md5`, `secure_link_secret`: whether a link was made by somebody who knows a
/// secret, and has not expired.
enum SecureLink {
    /// What the link of a request is worth.
    enum Verdict: Equatable {
        /// `secure_link_secret`: what stands behind the digest in the path.
        case path(Slice)
        case valid
        /// It was made by somebody who knows the secret, but its time is over.
        case expired
        case invalid
    }

    /// The longest base 64 of an MD5, with padding.
    private static var digestTextMax: Int { 24 }
    private static var digestCount: Int { 16 }

    static func verdict(for exchange: Exchange) -> Verdict {
        if let secret = exchange.location.settings.secureLink.secret { return verdict(secret, exchange) }
        guard let link = exchange.location.settings.secureLink.link,
            let text = exchange.location.settings.secureLink.hashed
        else { return .invalid }
        let worker = exchange.worker
        let value = worker.takeScratch()
        defer { worker.giveScratch(value) }
        link.append(for: exchange, to: value)
        let bytes = value.bytes
        let comma = bytes.firstIndex(of: UInt8(ascii: ","))
        var expires: Int64 = 0
        if let comma {
            guard let time = seconds(bytes[(comma + 1)...]), time > 0 else { return .invalid }
            expires = time
        }
        guard let digest = decoded(bytes[..<(comma ?? bytes.count)]) else { return .invalid }
        value.removeAll()
        text.append(for: exchange, to: value)
        guard Digest.areEqual(digest, Digest.md5(value.bytes)) else { return .invalid }
        return expires > 0 && expires < worker.clock.wallSeconds ? .expired : .valid
    }

    /// Appends the value of `$secure_link`.
    ///
    /// - Returns: whether it has one.
    static func append(for exchange: Exchange, to out: ByteBuffer) -> Bool {
        switch verdict(for: exchange) {
        case .path(let path): out.append(path, of: exchange.headBytes)
        case .valid: out.append("1")
        case .expired: out.append("0")
        case .invalid: return false
        }
        return true
    }

    /// Appends the time at which the link expires, if it names a sound one.
    static func appendExpiry(for exchange: Exchange, to out: ByteBuffer) {
        guard exchange.location.settings.secureLink.hashed != nil,
            let link = exchange.location.settings.secureLink.link
        else { return }
        let value = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(value) }
        link.append(for: exchange, to: value)
        let bytes = value.bytes
        guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")),
            let time = seconds(bytes[(comma + 1)...]), time > 0
        else { return }
        out.append(Array(bytes[(comma + 1)...]))
    }

    /// Digits alone; `nil`: it is none, or too large.
    private static func seconds(_ text: ArraySlice<UInt8>) -> Int64? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in text {
            guard byte.isASCIIDigit else { return nil }
            let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isBeyond) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !isOver, !isBeyond else { return nil }
            value = sum
        }
        return value
    }

    /// RFC 4648 §5, with or without padding; spare bits do not count, as in nginx.
    ///
    /// - Returns: `nil` unless it is as long as an MD5.
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count <= digestTextMax else { return nil }
        var digits: [UInt8] = []
        for byte in text.prefix(while: { $0 != UInt8(ascii: "=") }) {
            switch byte {
            case UInt8(ascii: "-"): digits.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): digits.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"): return nil
            default: digits.append(byte)
            }
        }
        let out = ByteBuffer(capacity: digestTextMax)
        guard Base64.decodeLoosely(digits.span, to: out), out.count == digestCount else { return nil }
        return out.bytes
    }

    /// `/prefix/digest/link`: the digest is that of the link and the secret.
    private static func verdict(_ secret: [UInt8], _ exchange: Exchange) -> Verdict {
        let origin = exchange.head.originForm
        let bytes = exchange.headBytes.bytes(of: origin)
        guard let prefixEnd = bytes.dropFirst().firstIndex(of: UInt8(ascii: "/")) else { return .invalid }
        let rest = bytes[(prefixEnd + 1)...]
        guard let digestEnd = rest.firstIndex(of: UInt8(ascii: "/")) else { return .invalid }
        let digest = rest[..<digestEnd]
        let link = rest[(digestEnd + 1)...]
        guard digest.count == 2 * digestCount, !link.isEmpty else { return .invalid }
        let expected = Digest.hex(Digest.md5(Array(link) + secret))
        guard Digest.areEqual(digest.map(\.asciiLowercased), Array(expected.utf8)) else { return .invalid }
        let start = Int(origin.start) + digestEnd + 1
        return .path(Slice(from: start, to: origin.end))
    }
}
