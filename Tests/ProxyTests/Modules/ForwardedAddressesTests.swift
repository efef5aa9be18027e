import Testing

@testable import Proxy

@Suite("real_ip_recursive")
struct ForwardedAddressesTests {
    /// Addresses that begin with `10.` are trusted.
    private func walk(_ field: String, from start: String, recursive: Bool) -> (
        String, ForwardedAddresses.Walk
    ) {
        var address = start
        let end = ForwardedAddresses.walk(
            Array(field.utf8).span, from: &address, isRecursive: recursive,
            isTrusted: { $0.hasPrefix("10.") },
            parse: { bytes in
                var text = ""
                for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
                return text.contains(".") ? text : nil
            })
        return (address, end)
    }

    @Test("the last address is taken from a trusted sender")
    func lastAddressIsTaken() {
        #expect(walk("1.1.1.1, 2.2.2.2", from: "10.0.0.1", recursive: false) == ("2.2.2.2", .finished))
        #expect(walk("1.1.1.1,2.2.2.2 , ", from: "10.0.0.1", recursive: false) == ("2.2.2.2", .finished))
    }

    @Test("a sender that is not trusted is not believed")
    func untrustedSenderIsNotBelieved() {
        #expect(walk("1.1.1.1", from: "8.8.8.8", recursive: true) == ("8.8.8.8", .declined))
    }

    @Test("the recursive walk passes over trusted addresses and stops at the first other")
    func recursiveWalkStops() {
        #expect(
            walk("1.1.1.1, 2.2.2.2, 10.0.0.2", from: "10.0.0.1", recursive: true) == ("2.2.2.2", .finished))
        #expect(walk("10.0.0.3, 10.0.0.2", from: "10.0.0.1", recursive: true) == ("10.0.0.3", .exhausted))
    }

    @Test("what is not an address ends the walk")
    func garbageEndsTheWalk() {
        #expect(walk("unknown", from: "10.0.0.1", recursive: true) == ("10.0.0.1", .declined))
        #expect(walk("unknown, 10.0.0.2", from: "10.0.0.1", recursive: true) == ("10.0.0.2", .finished))
        #expect(walk("", from: "10.0.0.1", recursive: true) == ("10.0.0.1", .declined))
        #expect(walk(" ,, ", from: "10.0.0.1", recursive: false) == ("10.0.0.1", .declined))
    }
}
