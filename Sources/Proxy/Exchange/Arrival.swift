/// How the request of an exchange has come: when, how much of it, how fast. Forgotten by one assignment.
struct Arrival {
    var startedMs: Int64 = 0
    var startedUs: Int64 = 0
    /// Which request of its connection it is: the first is 1.
    var number = 0
    /// Bytes of the request: line, head and content as received.
    var byteCount: Int64 = 0
    /// How fast the content comes; here and not with the client, of whom most are idle.
    var pace = PaceLimit()
    /// Its first bytes came together with the request before it.
    var isPipelined = false
    /// A client that waits for `100 Continue` got it.
    var didSendContinue = false
}
