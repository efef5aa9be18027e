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

    @Test("a status is kept as it is", arguments: [UInt16(100), 502, 999])
    func status(_ status: UInt16) {
        #expect(FailureCause(number: FailureCause.status(status).number) == .status(status))
    }
}
