import Foundation
import Net
import Testing

@Suite("Clock") struct ClockTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("its texts have the forms of HTTP and of nginx's logs")
    func forms() {
        let clock = Clock()
        let httpDate = #/(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/#
        #expect(text(clock.httpDate).wholeMatch(of: httpDate) != nil)
        #expect(
            text(clock.logTime).wholeMatch(of: #/\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}/#) != nil)
        #expect(text(clock.iso8601).wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d/#) != nil)
        #expect(text(clock.errorLogTime).wholeMatch(of: #/\d{4}/\d\d/\d\d \d\d:\d\d:\d\d/#) != nil)
    }

    @Test("it tells the system's time, and monotonic time does not go back")
    func time() {
        let clock = Clock()
        let before = clock.nowMs
        clock.update()
        #expect(clock.nowMs >= before)
        #expect(abs(clock.wallMs - Int64(Date().timeIntervalSince1970 * 1000)) < 5000)
        #expect(clock.wallSeconds == clock.wallMs / 1000)
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let date = Date(timeIntervalSince1970: TimeInterval(clock.wallSeconds))
        #expect(text(clock.httpDate) == formatter.string(from: date))
    }
}

@Suite("Signals") struct SignalTests {
    @Test("a blocked signal is read from its descriptor")
    func reads() throws {
        let signals = try SignalDescriptor([.user1, .winch])
        #expect(signals.next()?.signal == nil)
        // To this thread alone: others of the test process do not block it.
        pthread_kill(pthread_self(), SIGUSR1)
        let received = signals.next()
        #expect(received?.signal == .user1 && received?.sender == getpid() && received?.isKernels == false)
        #expect(signals.next()?.signal == nil)
        signals.release()
    }

    @Test("names and numbers are the system's")
    func names() {
        #expect(Signal.hangup.number == SIGHUP && Signal.hangup.name == "SIGHUP")
        #expect(Signal.child.number == SIGCHLD && Signal.winch.number == SIGWINCH)
        #expect(Signal.user1.number == SIGUSR1 && Signal.user2.number == SIGUSR2)
        #expect(Signal.terminate.number == SIGTERM && Signal.quit.number == SIGQUIT)
    }
}
