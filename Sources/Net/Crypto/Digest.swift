internal import COpenSSL

/// Digests and random bytes, all OpenSSL's. For cold paths.
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
