import Glibc
import Net
import Testing

@testable import Sharing

@Suite("Causes of failures") struct FailureCauseTests {
    @Test(
        "what connect(2) says is told as what it is",
        arguments: [
            (ECONNREFUSED, "connection refused"), (EHOSTUNREACH, "unreachable"),
            (ENETUNREACH, "unreachable"), (ETIMEDOUT, "no answer in time"),
            (ENOENT, "its socket does not exist"), (EACCES, "connecting to it is not permitted"),
            (ECONNRESET, "it broke the connection off"),
        ])
    func connecting(code: Int32, text: String) {
        let cause = FailureCause(connecting: Errno(code: code))
        #expect(cause.text == text)
        #expect(FailureCause(number: cause.number) == cause)
    }

    @Test(
        "a reset is kept with its code, or as unknown", arguments: [UInt8(0), 8, 30, 31, 255])
    func reset(code: UInt8) {
        let read = FailureCause(number: FailureCause.reset(code).number)
        #expect(read == .reset(code < 31 ? code : nil) && read.text == "it reset the stream")
        #expect(FailureCause(number: FailureCause.reset(nil).number) == .reset(nil))
    }

    @Test("a status is kept as it is", arguments: [UInt16(100), 502, 999])
    func status(_ status: UInt16) {
        #expect(FailureCause(number: FailureCause.status(status).number) == .status(status))
    }
}
