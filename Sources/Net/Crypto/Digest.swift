internal import COpenSSL

/// Digests, encodings and random bytes, all OpenSSL's. For cold paths.
public enum Digest {
    /// 16 bytes; for old formats only.
    public static func md5(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_md5()) }
    /// 20 bytes; for old formats only.
    public static func sha1(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha1()) }
    /// 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha256()) }

    /// Empty if this OpenSSL does without the algorithm.
    private static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &result, &count, algorithm, nil) == 1 else {
            ERR_clear_error()
            return []
        }
        return Array(result.prefix(Int(count)))
    }

    /// Base 64 with padding: RFC 4648 §4.
    public static func base64(_ bytes: [UInt8]) -> [UInt8] {
        guard let count = Int32(exactly: bytes.count), count > 0, count < Int32.max / 2 else { return [] }
        // OpenSSL writes a zero byte behind the text.
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let written = EVP_EncodeBlock(&text, bytes, count)
        return Array(text.prefix(Int(written)))
    }

    /// What `text` encodes.
    ///
    /// - Returns: `nil` unless it is exactly what `base64` makes: padded, without spaces or spare bits.
    public static func decodedBase64(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0, let count = Int32(exactly: text.count) else { return nil }
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: text.count / 4 * 3)
        let written = EVP_DecodeBlock(&bytes, text, count)
        guard written >= 0 else {
            ERR_clear_error()
            return nil
        }
        // OpenSSL decodes padding to zero bytes.
        let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
        let decoded = Array(bytes.prefix(max(0, Int(written) - padding)))
        return base64(decoded) == text ? decoded : nil
    }

    /// Two lower-case digits a byte.
    public static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// RFC 2104, with SHA-256.
    static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        _ = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &digest, &count)
        return digest
    }

    /// Bytes that nobody can guess.
    ///
    /// - Returns: `nil` if the system has none to give.
    public static func randomBytes(_ count: Int) -> [UInt8]? {
        guard let size = Int32(exactly: count), size >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        return RAND_bytes(&bytes, size) == 1 ? bytes : nil
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    public static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }
}
