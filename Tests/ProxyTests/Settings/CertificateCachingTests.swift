import Config
import Testing

@testable import Proxy

@Suite("Remembered certificates") struct CertificateCachingTests {
    private final class Context {}

    @Test("one that was not used for long goes, and the oldest where there is no room")
    func room() throws {
        let cache = CertificateCache<Context>(CertificateCaching(countMax: 2, inactiveMs: 100, validMs: 1000))
        var madeCount = 0
        func ask(_ name: String, _ nowMs: Int64) throws {
            _ = try cache.context(["data:\(name)"], nowMs: nowMs) {
                madeCount += 1
                return Context()
            }
        }
        for (name, nowMs, made): (String, Int64, Int) in [
            ("a", 0, 1), ("a", 50, 1), ("b", 60, 2), ("a", 140, 2), ("c", 150, 3), ("a", 151, 3),
            ("b", 152, 4),
            ("b", 400, 5),
        ] {
            try ask(name, nowMs)
            #expect(madeCount == made, "\(name) at \(nowMs)")
        }
    }

    @Test("parameters", arguments: ["max=1", "max=5 inactive=1h valid=2s", "off"])
    func parameters(words: String) throws {
        _ = try Loading.http("proxy_ssl_certificate_cache \(words); ssl_certificate_cache \(words);")
    }

    @Test(
        "what is none",
        arguments: ["", "on", "max=0", "valid=1s", "max=1 other=2", "max=1 valid=x", "off max=1"])
    func refused(words: String) {
        #expect(throws: ConfigError.self) { try Loading.http("ssl_certificate_cache \(words);") }
    }
}
