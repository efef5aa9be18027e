import Core
import Testing

@testable import Proxy

@Suite("Finding a server among many names")
struct ServerModelTests {
    @Test("three hundred random sets of names: the same as the documented order")
    func sameAsDocumented() throws {
        var random = SplitMix(seed: 5)
        for _ in 0..<300 {
            let names = ServerModelTests.names(&random)
            let text = names.enumerated().map { index, name in
                "server { listen 127.0.0.1:8080; server_name \(name) s\(index); }"
            }
            let configuration = try Loading.http(
                "server { listen 127.0.0.1:8080; server_name first; }" + text.joined(separator: "\n"))
            let listener = try #require(configuration.listeners.first)
            for _ in 0..<20 {
                let host = ServerModelTests.labels(1...4, &random)
                let found = listener.server(forHost: Array(host.utf8).span).server
                #expect(
                    found.map { String(decoding: $0.serverName, as: UTF8.self) }
                        == ServerModelTests.find(host, names), "of \(host) in \(names)")
            }
        }
    }

    private static func labels(_ count: ClosedRange<Int>, _ random: inout SplitMix) -> String {
        (0..<Int.random(in: count, using: &random))
            .map { _ in ["a", "b", "ab"].randomElement(using: &random) ?? "a" }
            .joined(separator: ".")
    }

    private static func names(_ random: inout SplitMix) -> [String] {
        var names: [String] = []
        for _ in 0..<Int.random(in: 1...10, using: &random) {
            let labels = labels(1...3, &random)
            let name = [labels, "*." + labels, labels + ".*", "~^" + labels].randomElement(using: &random)
            if let name, !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Exact, the longest `*.name`, the longest `name.*`, the first expression.
    private static func find(_ host: String, _ names: [String]) -> String? {
        let plain = names.filter { !$0.hasPrefix("~") }
        if plain.contains(host) { return host }
        let ends = plain.filter { $0.hasPrefix("*.") && host.hasSuffix($0.dropFirst()) }
        let starts = plain.filter { $0.hasSuffix(".*") && host.hasPrefix($0.dropLast()) }
        if let longest = ends.max(by: { $0.utf8.count < $1.utf8.count }) { return longest }
        if let longest = starts.max(by: { $0.utf8.count < $1.utf8.count }) { return longest }
        return names.first { $0.hasPrefix("~") && ServerModelTests.matches(host, $0.dropFirst(2)) }
    }

    /// `^labels`, where each dot stands for any one character.
    private static func matches(_ host: String, _ pattern: Substring) -> Bool {
        host.utf8.count >= pattern.utf8.count
            && zip(host.utf8, pattern.utf8).allSatisfy { $1 == UInt8(ascii: ".") || $0 == $1 }
    }
}
