internal import COpenSSL

/// MD5 over several pieces, used again and again without being set up anew.
public final class MD5 {
    private let state: OpaquePointer

    /// `nil` if this OpenSSL has no MD5.
    public init?() {
        guard let state = EVP_MD_CTX_new() else { return nil }
        self.state = state
        guard EVP_DigestInit_ex(state, EVP_md5(), nil) == 1 else { return nil }
    }

    deinit { EVP_MD_CTX_free(state) }

    /// Adds a piece to the digest that is being made.
    public func add(_ bytes: [UInt8]) { EVP_DigestUpdate(state, bytes, bytes.count) }

    /// The digest of what `body` adds.
    public func digest(_ body: (MD5) -> Void) -> [UInt8] {
        EVP_DigestInit_ex(state, nil, nil)
        body(self)
        var result = [UInt8](repeating: 0, count: 16)
        EVP_DigestFinal_ex(state, &result, nil)
        return result
    }
}
