import Core
import Testing

@Suite("Keyed hash") struct KeyedHashTests {
    private func hash(_ bytes: [UInt8], _ first: UInt64, _ second: UInt64) -> UInt64 {
        KeyedHash(first, second).hash(bytes.span)
    }

    @Test(
        "is SipHash-1-3, as Python has it for a key of zeros",
        arguments: [
            ("a", 4_644_417_185_603_328_019), ("abcdefgh", 4_574_395_652_268_504_554),
            ("abcdefghijklmnop", 10_733_781_318_231_302_930), ("limit_req by key", 3_237_726_899_322_370_070),
        ] as [(String, UInt64)])
    func vectors(text: String, expected: UInt64) {
        #expect(hash(Array(text.utf8), 0, 0) == expected)
    }

    @Test("depends on the key, and on zeros at the end")
    func depends() {
        let zeros = (0..<20).map { [UInt8](repeating: 0, count: $0) }
        #expect(Set(zeros.map { hash($0, 1, 2) }).count == zeros.count)
        #expect(hash(zeros[8], 1, 2) != hash(zeros[8], 2, 1))
    }
}
