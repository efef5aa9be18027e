import Core
import Testing

@testable import Proxy

@Suite("Authorization: Basic (RFC 7617)")
struct BasicCredentialsTests {
    private func decoded(_ field: String) -> (String, Int)? {
        let out = ByteBuffer(capacity: 16)
        out.append("before ")
        guard let colon = BasicCredentials.decode(Array(field.utf8).span, to: out) else {
            #expect(out.count == 7, "a refused field leaves nothing behind")
            return nil
        }
        return (String(decoding: out.bytes.dropFirst(7), as: UTF8.self), colon)
    }

    @Test("user and password are parted at the first colon")
    func firstColonParts() throws {
        let (text, colon) = try #require(decoded("Basic dXNlcjpwYTpzcw=="))
        #expect(text == "user:pa:ss")
        #expect(colon == 4)
    }

    @Test("the scheme is compared without case, and further spaces do not matter")
    func schemeWithoutCase() throws {
        let (text, _) = try #require(decoded("bAsIc   dXNlcjpw"))
        #expect(text == "user:p")
    }

    @Test(
        "what is not user:password in base64 is refused",
        arguments: [
            "Bearer dXNlcjpw", "Basic", "Basic ", "Basic dXNlcg==", "Basic OnBhc3M=", "Basic dX!lcjpw",
            "Basic dXNlcjpwb", "",
        ])
    func malformedIsRefused(_ field: String) {
        #expect(decoded(field) == nil)
    }

    @Test("the user's name alone is what $remote_user shows")
    func userAlone() {
        let out = ByteBuffer(capacity: 16)
        let isFound = BasicCredentials.appendUser(Array("Basic dXNlcjpwYTpzcw==".utf8).span, to: out)
        #expect(isFound)
        #expect(out.bytes == Array("user".utf8))
    }
}
