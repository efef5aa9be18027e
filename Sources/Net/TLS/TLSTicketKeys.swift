internal import COpenSSL
internal import Core
internal import Glibc

/// Keys of session tickets (RFC 5077): from files, or made of a secret and the clock.
///
/// Whoever has the same files, or the same secret and about the same time, resumes the sessions of
/// everybody else who has: all workers of a service, and all services of a fleet, with no word exchanged.
public final class TLSTicketKeys {
    struct Key {
        let name: [UInt8]
        let cipherKey: [UInt8]
        let macKey: [UInt8]
    }

    private enum Source {
        /// The first one makes tickets; all are accepted.
        case files([Key])
        case secret([UInt8], periodSeconds: Int)
    }

    private let source: Source
    /// Made of the secret for one period: its own key, the one before, the one after.
    private var derived: (period: Int, keys: [Key])?

    /// - Parameter files: what `ssl_session_ticket_key` files hold, 48 or 80 bytes each.
    /// - Returns: `nil`: one of them holds another number of bytes, or there is none.
    public init?(files: [[UInt8]]) {
        let keys = files.compactMap(TLSTicketKeys.key)
        guard keys.count == files.count, !keys.isEmpty else { return nil }
        source = .files(keys)
    }

    /// - Parameters:
    ///   - secret: any bytes that nobody else knows.
    ///   - periodSeconds: how long one key makes tickets; they are accepted as long again.
    public init(secret: [UInt8], periodSeconds: Int) {
        source = .secret(secret, periodSeconds: max(periodSeconds, 1))
    }

    /// nginx's files: a name of 16 bytes, then AES and HMAC keys of 16 bytes, or HMAC and AES keys of 32.
    private static func key(_ bytes: [UInt8]) -> Key? {
        let name = Array(bytes.prefix(16))
        switch bytes.count {
        case 48: return Key(name: name, cipherKey: Array(bytes[16..<32]), macKey: Array(bytes[32...]))
        case 80: return Key(name: name, cipherKey: Array(bytes[48...]), macKey: Array(bytes[16..<48]))
        default: return nil
        }
    }

    /// The keys at a time in seconds since the epoch; the first one makes tickets.
    func keys(at seconds: Int) -> [Key] {
        switch source {
        case .files(let keys): return keys
        case .secret(let secret, let length):
            let period = seconds / length
            if let derived, derived.period == period { return derived.keys }
            // Clocks of a fleet differ a little: the key of the next period may be in use elsewhere.
            let keys = [period, period - 1, period + 1].map { TLSTicketKeys.derive(secret, $0) }
            derived = (period, keys)
            return keys
        }
    }

    private static func derive(_ secret: [UInt8], _ period: Int) -> Key {
        func part(_ label: String) -> [UInt8] {
            Digest.hmacSHA256(key: secret, Array("portico ticket \(label) \(period)".utf8))
        }
        return Key(name: Array(part("name").prefix(16)), cipherKey: part("cipher"), macKey: part("mac"))
    }

    // MARK: OpenSSL

    /// Makes `context` ask for keys here; connections find them through their `TLSServerContext`.
    static func install(in context: OpaquePointer) {
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, isMaking in
            guard let ssl, let name, let iv, let cipher, let mac,
                let keys = TLSConnection.of(ssl)?.sessionContext?.ticketKeys
            else { return -1 }
            let usable = keys.keys(at: time(nil))
            if isMaking == 1 {
                guard let key = usable.first, RAND_bytes(iv, 16) == 1 else { return -1 }
                // In bounds: OpenSSL gives 16 bytes for the name (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
                for (index, byte) in key.name.enumerated() { name[index] = byte }
                return key.begin(cipher, mac, iv, makes: true) ? 1 : -1
            }
            let wanted = Array(UnsafeBufferPointer(start: name, count: 16))
            guard let index = usable.firstIndex(where: { $0.name == wanted }) else { return 0 }
            // 2: accepted, and a new ticket is sent that the first key makes.
            return usable[index].begin(cipher, mac, iv, makes: false) ? (index == 0 ? 1 : 2) : -1
        }
    }
}

extension TLSTicketKeys.Key {
    /// Sets both up: AES-CBC of the key's length, and HMAC with SHA-256.
    fileprivate func begin(
        _ cipher: OpaquePointer, _ mac: OpaquePointer, _ iv: UnsafeMutablePointer<UInt8>, makes: Bool
    ) -> Bool {
        let kind = cipherKey.count == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc()
        let isSet =
            makes
            ? EVP_EncryptInit_ex(cipher, kind, nil, cipherKey, iv)
            : EVP_DecryptInit_ex(cipher, kind, nil, cipherKey, iv)
        return isSet == 1 && portico_mac_set_key(mac, macKey, macKey.count) == 1
    }
}
