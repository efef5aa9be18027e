internal import Net

/// Apache's variant of the MD5 crypt: 1000 rounds of MD5 over password, salt and the last result.
enum APR1 {
    /// - Parameter salt: at most 8 bytes.
    /// - Returns: the 22 characters behind the salt; `nil` if this OpenSSL has no MD5.
    static func hash(_ password: [UInt8], salt: [UInt8]) -> [UInt8]? {
        guard let md5 = MD5() else { return nil }
        let inner = md5.digest { md5 in
            md5.add(password)
            md5.add(salt)
            md5.add(password)
        }
        var result = md5.digest { md5 in
            md5.add(password)
            md5.add(Array("$apr1$".utf8))
            md5.add(salt)
            for start in stride(from: 0, to: password.count, by: 16) {
                md5.add(Array(inner.prefix(password.count - start)))
            }
            // One byte for each bit of the length: zero, or the password's first.
            var length = password.count
            while length > 0 {
                md5.add(length & 1 == 1 ? [0] : Array(password.prefix(1)))
                length >>= 1
            }
        }
        for round in 0..<1000 {
            result = md5.digest { md5 in
                md5.add(round & 1 == 1 ? password : result)
                if round % 3 != 0 { md5.add(salt) }
                if round % 7 != 0 { md5.add(password) }
                md5.add(round & 1 == 1 ? result : password)
            }
        }
        return encode(result)
    }

    /// Its own order of bytes and its own alphabet of 64.
    private static func encode(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count == 16 else { return nil }
        let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var text: [UInt8] = []
        func append(_ value: Int, _ count: Int) {
            for place in 0..<count { text.append(alphabet[value >> (6 * place) & 63]) }
        }
        for (high, middle, low) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
            append(Int(bytes[high]) << 16 | Int(bytes[middle]) << 8 | Int(bytes[low]), 4)
        }
        append(Int(bytes[11]), 2)
        return text
    }
}
