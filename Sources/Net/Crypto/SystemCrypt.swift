internal import CLinux
internal import COpenSSL
internal import Glibc

/// The system's crypt(3): MD5, SHA-256 and SHA-512, bcrypt, yescrypt, DES.
public enum SystemCrypt {
    /// - Parameters:
    ///   - password: without a zero: crypt(3) would stop there.
    ///   - setting: the algorithm and its salt; a whole hash will do.
    /// - Returns: the whole hash; `nil`: the setting is not one.
    public static func hash(_ password: [UInt8], setting: [UInt8]) -> [UInt8]? {
        // 32 KiB are too many for the stack.
        let state = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        memset(state, 0, MemoryLayout<crypt_data>.size)
        defer {
            OPENSSL_cleanse(state, MemoryLayout<crypt_data>.size)
            state.deallocate()
        }
        let phrase = (password + [0]).map { CChar(bitPattern: $0) }
        let setting = (setting + [0]).map { CChar(bitPattern: $0) }
        // "*0" and "*1" are crypt(3)'s ways to say that a setting is not one.
        guard let result = crypt_r(phrase, setting, state), result.pointee != CChar(UInt8(ascii: "*")) else {
            return nil
        }
        return Array(UnsafeRawBufferPointer(start: result, count: strlen(result)))
    }
}
