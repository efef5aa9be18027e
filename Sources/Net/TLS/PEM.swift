internal import COpenSSL

/// Certificates and keys from the bytes of PEM files; files are never opened here.
enum PEM {
    enum Key {
        /// The caller frees it.
        case key(OpaquePointer)
        /// It cannot be read without a password.
        case encrypted
        /// OpenSSL's queue says why.
        case unreadable
    }

    private static func withBIO<R>(_ bytes: [UInt8], _ body: (OpaquePointer) -> R) -> R? {
        bytes.withUnsafeBytes { raw -> R? in
            guard let bio = BIO_new_mem_buf(raw.baseAddress, Int32(clamping: raw.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    /// What `body` writes; `nil`: it failed.
    static func write(_ body: (OpaquePointer) -> Int32) -> [UInt8]? {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(bio) }
        guard body(bio) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return count > 0 ? Array(bytes.prefix(Int(count))) : nil
    }

    /// Every certificate in order; the caller frees them.
    ///
    /// - Returns: none if one of them is broken, or there is none; OpenSSL's queue then says why.
    static func certificates(_ bytes: [UInt8]) -> [OpaquePointer] {
        ERR_clear_error()
        // A BIO cannot stand on no memory at all.
        let found = withBIO(bytes.isEmpty ? [0] : bytes) { bio in
            var list: [OpaquePointer] = []
            while let certificate = PEM_read_bio_X509_AUX(bio, nil, nil, nil) { list.append(certificate) }
            return list
        }
        guard let found, !found.isEmpty else { return [] }
        // "No start line" only says that the file is at its end.
        if portico_error_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE {
            ERR_clear_error()
            return found
        }
        for certificate in found { X509_free(certificate) }
        return []
    }

    /// Every list of revocations; the caller frees them.
    static func revocationLists(_ bytes: [UInt8]) -> [OpaquePointer] {
        ERR_clear_error()
        return withBIO(bytes.isEmpty ? [0] : bytes) { bio in
            var list: [OpaquePointer] = []
            while let found = PEM_read_bio_X509_CRL(bio, nil, nil, nil) { list.append(found) }
            return list
        } ?? []
    }

    /// Parameters for key exchange; the caller frees them.
    static func parameters(_ bytes: [UInt8]) -> OpaquePointer? {
        ERR_clear_error()
        return withBIO(bytes.isEmpty ? [0] : bytes) { PEM_read_bio_Parameters($0, nil) } ?? nil
    }

    /// What OpenSSL's question for a password finds.
    private struct Password {
        let bytes: [UInt8]
        var wasAsked = false
    }

    /// The private key.
    ///
    /// - Parameter passwords: tried one after the other on a key that is encrypted.
    static func privateKey(_ bytes: [UInt8], passwords: [[UInt8]] = []) -> Key {
        for password in passwords {
            if case .key(let key) = read(bytes, password) { return .key(key) }
        }
        return read(bytes, [])
    }

    private static func read(_ bytes: [UInt8], _ password: [UInt8]) -> Key {
        ERR_clear_error()
        var given = Password(bytes: password)
        let key = withUnsafeMutablePointer(to: &given) { given in
            withBIO(bytes.isEmpty ? [0] : bytes) { bio in
                PEM_read_bio_PrivateKey(
                    bio, nil,
                    { target, size, _, given in
                        guard let given = given?.assumingMemoryBound(to: Password.self) else { return -1 }
                        given.pointee.wasAsked = true
                        let bytes = given.pointee.bytes
                        guard let target, !bytes.isEmpty, bytes.count <= Int(size) else { return -1 }
                        // In bounds: not more than `size` bytes.
                        for (index, byte) in bytes.enumerated() { target[index] = CChar(bitPattern: byte) }
                        return Int32(bytes.count)
                    }, given)
            }
        }
        if let key, let key { return .key(key) }
        return given.wasAsked && password.isEmpty ? .encrypted : .unreadable
    }
}
