import Testing

@testable import Net

@Suite("Digests and encodings")
struct DigestTests {
    @Test("the digests are the known ones")
    func digests() {
        let bytes = Array("abc".utf8)
        #expect(Digest.hex(Digest.md5(bytes)) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(Digest.hex(Digest.sha1(bytes)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            Digest.hex(Digest.sha256(bytes))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("base 64 goes there and back", arguments: 0..<70)
    func roundTrip(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        #expect(Digest.decodedBase64(Digest.base64(bytes)) == bytes)
    }

    @Test(
        "only exact base 64 is read",
        arguments: [
            "A", "AB", "ABC", "AB==C", "====", "A===", "AB=A", " AAA", "AAA\n", "AB==\n", "QUJ=", "QR==",
            "A*AA", "QQ==QQ==",
        ])
    func refusals(_ text: String) {
        #expect(Digest.decodedBase64(Array(text.utf8)) == nil)
    }

    @Test("random bytes are as many as asked for and differ")
    func random() {
        #expect(Digest.randomBytes(0) == [])
        #expect(Digest.randomBytes(16)?.count == 16)
        #expect(Digest.randomBytes(16) != Digest.randomBytes(16))
        #expect(Digest.randomBytes(-1) == nil)
    }
}
