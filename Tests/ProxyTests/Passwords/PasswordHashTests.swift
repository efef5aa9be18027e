import Testing

@testable import Proxy

@Suite("Password hashes")
struct PasswordHashTests {
    @Test(
        "every kind of hash knows its password and no other",
        arguments: [
            "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0", "{PLAIN}secret", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
            "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0", "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
            "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
            "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
            "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
            "$y$j9T$saltsaltsaltsalt$.Zt5W26jjocuW0wIHGgB6AJelofw6GEpOypHGyow2y5", "abNANd1rDfiNc",
        ])
    func kinds(_ hash: String) {
        let hash = Array(hash.utf8)
        #expect(PasswordHash.verify(Array("secret".utf8), hash: hash) == .matches)
        for wrong in ["", "Secret", "secre", "secret\0", "secret\0x"] {
            #expect(PasswordHash.verify(Array(wrong.utf8), hash: hash) == .differs)
        }
    }

    @Test("Apache's MD5 takes passwords of any length")
    func lengthsOfAPR1() {
        let long = Array("a much longer password than sixteen bytes".utf8)
        #expect(PasswordHash.verify(long, hash: Array("$apr1$ab$ZgbyBttfAvWjwKDroS41O1".utf8)) == .matches)
        #expect(
            PasswordHash.verify([], hash: Array("$apr1$saltsalt$a8ml/vK5HEjiZ5oypDWA7/".utf8)) == .matches)
    }

    @Test(
        "what is no hash lets nobody in",
        arguments: [
            "", "*", "!", "x", "*0", "{SHA}", "{SHA}AAAA", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ", "{SSHA}",
            "{SSHA}!!!!",
            "$apr1$", "$apr1$salt", "$apr1$salt$", "$apr1$salt$short", "$9$x$y", "$6$rounds=x", "a\0b",
            "{MD5}x",
        ])
    func unusable(_ hash: String) {
        for password in ["", "secret", "x"] {
            #expect(PasswordHash.verify(Array(password.utf8), hash: Array(hash.utf8)) == .unusable)
        }
    }

    @Test(
        "cheap hashes are known as such",
        arguments: [
            ("{PLAIN}secret", 511), ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", 511), ("{SSHA}x", 511),
            ("abNANd1rDfiNc", 511), ("*", 8), ("!", 8), ("", 8), ("x", 8),
            ("$1$saltsalt$9xy1btjgzLYfb7hivXtC//", 511), ("$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0", 511),
            ("$5$saltsalt$x", 64), ("$6$saltsalt$x", 64), ("$5$rounds=5000$s$x", 64),
            ("$6$rounds=1000$s$x", 511), ("$2y$04$x", 511), ("$2b$05$x", 511),
        ])
    func cheap(_ hash: String, _ passwordCount: Int) {
        #expect(!PasswordHash.isCostly(Array(hash.utf8), passwordCount: passwordCount))
    }

    @Test(
        "costly hashes, and those of unknown cost, are known as such",
        arguments: [
            ("$5$saltsalt$x", 65), ("$6$saltsalt$x", 65), ("$6$saltsalt$x", 511), ("$6$saltsalt$x", .max),
            ("$6$rounds=5001$s$x", 64), ("$6$rounds=20000$s$x", 1), ("$5$rounds=999999999$s$x", 0),
            ("$6$rounds=99999999999999999999$s$x", 0), ("$6$rounds=x$s$x", 0), ("$6$rounds=", 0),
            ("$2y$06$x", 1), ("$2a$10$x", 1), ("$2b$12$x", 1), ("$2y$31$x", 1), ("$2y$", 1), ("$2z$04$x", 1),
            ("$y$j9T$salt$x", 1), ("$gy$j9T$salt$x", 1), ("$7$CU..../....s$x", 1), ("$sha1$40000$s$x", 1),
            ("$md5,rounds=4096$s$x", 1), ("_J9..rasmBYk8r9AiWNc", 1), ("$", 0), ("$9$x$y", 1),
        ])
    func costly(_ hash: String, _ passwordCount: Int) {
        #expect(PasswordHash.isCostly(Array(hash.utf8), passwordCount: passwordCount))
    }

    @Test("an empty plain password is a password")
    func emptyPlain() {
        #expect(PasswordHash.verify([], hash: Array("{PLAIN}".utf8)) == .matches)
        #expect(PasswordHash.verify([1], hash: Array("{PLAIN}".utf8)) == .differs)
    }

    @Test("a password that is too long matches nothing")
    func tooLong() {
        let password = [UInt8](repeating: 97, count: 512)
        #expect(PasswordHash.verify(password, hash: Array("{PLAIN}".utf8) + password) == .differs)
        #expect(PasswordHash.verify(password, hash: Array("$6$saltsalt$x".utf8)) == .differs)
    }
}
