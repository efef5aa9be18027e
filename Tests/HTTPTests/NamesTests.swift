import Core
import HTTP
import Testing

@Suite("Known names") struct NamesTests {
    @Test(
        "every known field name is recognised in any case, and nothing one byte away",
        arguments: FieldName.allCases)
    func fieldNames(name: FieldName) {
        guard name != .other else { return }
        let text = "\(name.text)"
        #expect(withSpan(text) { FieldName.recognise($0) } == name)
        #expect(withSpan(text.lowercased()) { FieldName.recognise($0) } == name)
        #expect(withSpan(text.uppercased()) { FieldName.recognise($0) } == name)
        for index in bytes(text).indices {
            for change: UInt8 in [0x01, 0x40, 0x80] {
                var other = bytes(text)
                other[index] ^= change
                #expect(other.withUnsafeBufferPointer { FieldName.recognise($0.span) } == .other)
            }
            if bytes(text)[index] == UInt8(ascii: "-") {
                var other = bytes(text)
                other[index] ^= 0x20
                #expect(other.withUnsafeBufferPointer { FieldName.recognise($0.span) } == .other)
            }
        }
        #expect(withSpan(text + "x") { FieldName.recognise($0) } == .other)
        #expect(withSpan(String(text.dropLast())) { FieldName.recognise($0) } == .other)
    }

    @Test("hop-by-hop names are known as such")
    func hopByHop() {
        let names = FieldName.allCases.filter(\.isHopByHop)
        #expect(
            names == [.connection, .transferEncoding, .upgrade, .keepAlive, .proxyConnection, .te, .trailer])
    }

    @Test(
        "every method is recognised, with its case", arguments: (1...16).compactMap { Method(rawValue: $0) })
    func methods(method: Method) {
        let text = "\(method.text)"
        #expect(withSpan(text) { Method.recognise($0) } == method)
        #expect(withSpan(text.lowercased()) { Method.recognise($0) } == .other)
        #expect(withSpan(text + "X") { Method.recognise($0) } == .other)
    }

    @Test("POST, LOCK, PATCH and unknown methods are not sent twice")
    func idempotence() {
        let notIdempotent = (0...16).compactMap { Method(rawValue: $0) }.filter { !$0.isIdempotent }
        #expect(notIdempotent == [.other, .post, .patch, .lock])
    }

    @Test("status lines and titles are nginx's words")
    func statusCodes() {
        #expect(
            "\(StatusCode.line(302))" == "302 Moved Temporarily" && "\(StatusCode.title(302))" == "302 Found")
        #expect("\(StatusCode.line(401))" == "401 Unauthorized")
        #expect("\(StatusCode.title(401))" == "401 Authorization Required")
        #expect("\(StatusCode.line(402))" == "402 Payment Required")
        #expect("\(StatusCode.line(404))" == "404 Not Found" && "\(StatusCode.title(404))" == "404 Not Found")
        for code: UInt16 in [0, 203, 205, 299, 305, 407, 417, 418, 422, 428, 431, 444, 494, 499, 506, 599] {
            #expect("\(StatusCode.line(code))" == "")
        }
    }
}
