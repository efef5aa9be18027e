import Core
import HTTP
import Testing

@Suite("Values of fields") struct FieldValueTests {
    @Test(
        "keep no control character, wherever it stands",
        arguments: [
            ("", ""), ("plain", "plain"), ("a\r\nX: y", "aX: y"), ("\n", ""), ("a\tb", "a\tb"),
            ("\u{0}\u{7F}a", "a"),
            ("long enough for a word\u{1}", "long enough for a word"), ("line\n\tfolded", "line\tfolded"),
        ])
    func dropsControls(value: String, kept: String) {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append("X:\n")
        buffer.append(value)
        buffer.append(0xFF)
        FieldValue.dropControls(of: buffer, from: 3)
        #expect(buffer.bytes == Array(("X:\n" + kept).utf8) + [0xFF])
    }
}
