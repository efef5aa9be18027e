import Config
import Testing

@testable import Proxy

@Suite("Spans of addresses") struct AddressSpansTests {
    private func overlap(_ lines: String) -> String? {
        do {
            _ = try Loading.http(
                "geo $a { ranges; \(lines) } server { listen 8080; location / { return 200 $a; } }")
            return nil
        } catch {
            return error.message
        }
    }

    @Test("a span may lie within one that was written before it, and overlap none else")
    func overlaps() {
        #expect(overlap("1.0.0.0-1.0.0.9 a; 1.0.0.3-1.0.0.4 b; 1.0.0.3-1.0.0.3 c; 1.0.0.9-1.0.0.9 d;") == nil)
        #expect(overlap("1.0.0.0-1.0.0.9 a; 1.0.0.0-1.0.0.9 b; 1.0.0.10-1.0.0.11 c;") == nil)
        #expect(
            overlap("1.0.0.0-1.0.0.9 a; 1.0.0.9-1.0.0.10 b;")
                == "range \"1.0.0.9-1.0.0.10\" overlaps \"1.0.0.0-1.0.0.9\"")
        #expect(
            overlap("1.0.0.3-1.0.0.4 a; 1.0.0.0-1.0.0.9 b;")
                == "range \"1.0.0.0-1.0.0.9\" overlaps \"1.0.0.3-1.0.0.4\"")
        #expect(overlap("1.0.0.0-1.0.0.9 a; delete 1.0.0.0-1.0.0.9; 1.0.0.5-1.0.0.20 b;") == nil)
    }

    @Test(
        "what is no span is refused",
        arguments: ["1.0.0.1", "1.0.0.2-1.0.0.1", "1-2", "::1-::2", "1.0.0.1-", "a-b-c"])
    func refusals(text: String) {
        #expect(overlap("\(text) a;") == "invalid range \"\(text)\"")
    }

    @Test("ranges come first")
    func order() {
        let message = try? Loading.http("geo $a { default x; ranges; } server { listen 8080; }")
        #expect(message == nil)
    }

    @Test("a span is made of few networks, also at both ends of all addresses")
    func networks() throws {
        var spans = AddressSpans()
        let line = Statement(words: ["x"], block: nil, location: SourceLocation(file: "", line: 1))
        _ = spans.add(try #require(AddressSpans.Bounds("0.0.0.0-255.255.255.255")), [1], line)
        _ = spans.add(try #require(AddressSpans.Bounds("0.0.0.1-255.255.255.254")), [2], line)
        var lengths: [[Int]] = [[], []]
        spans.forEachNetwork { network, value in lengths[Int(value[0]) - 1].append(network.length) }
        #expect(lengths[0] == [0])
        #expect(lengths[1].count == 62)
    }
}
