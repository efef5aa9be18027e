import Core
import Testing

@Suite("Base 64") struct Base64Tests {
    private func encoded(_ bytes: [UInt8]) -> String {
        let out = ByteBuffer(capacity: 16)
        Base64.encode(bytes.span, to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func decoded(_ text: String) -> [UInt8]? {
        let out = ByteBuffer(capacity: 16)
        return Base64.decode(Array(text.utf8).span, to: out) ? out.bytes : nil
    }

    @Test(
        "is that of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func vectors(text: String, digits: String) {
        #expect(encoded(Array(text.utf8)) == digits)
        #expect(decoded(digits) == Array(text.utf8))
    }

    @Test("every byte comes out as it was, in texts one behind the other too")
    func wholeRange() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(decoded(encoded(all)) == all)
        #expect(decoded(encoded([1, 2]) + encoded([3]) + encoded(all)) == [1, 2, 3] + all)
    }

    @Test("what ends without its padding is read all the same")
    func unpadded() {
        #expect(decoded("Zg") == [0x66] && decoded("Zm8") == [0x66, 0x6F])
        #expect(decoded("AQI=Aw") == [1, 2, 3] && decoded("Zm9vAQI") == Array("foo".utf8) + [1, 2])
    }

    @Test(
        "what is no such text is refused",
        arguments: [
            "A", "AB", "ABD", "Zm9vZ", "Zg=", "Zm9vZh", "Zm9vZm9", "Zm8AZg=", "A===", "====", "AB=C", "AB-_",
            "AB C", "AB\r\n", "Zh==", "Zm9=",
        ])
    func refused(text: String) { #expect(decoded(text) == nil) }

    @Test(
        "read loosely, neither padding nor spare bits matter, as in nginx",
        arguments: [
            ("Zg==", "f"), ("Zg", "f"), ("Zh==", "f"), ("Zm9=", "fo"), ("Zm9v", "foo"), ("Zg=*", "f"),
            ("Z", nil), ("Zm9vZ", nil), ("Z*", nil), ("Zm 9v", nil),
        ])
    func loose(text: String, meant: String?) {
        let out = ByteBuffer(capacity: 16)
        let isRead = Base64.decodeLoosely(Array(text.utf8).span, to: out)
        #expect((isRead ? String(decoding: out.bytes, as: UTF8.self) : nil) == meant)
    }
}
