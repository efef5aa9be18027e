internal import Core
internal import HTTP
internal import Net

/// Downloads beside other streams: they are not sent farther ahead of the client than it reads, so that an
/// answer that is asked for meanwhile does not stand behind megabytes.
extension HTTP2Session {
    /// From so much content on a response is a download, in bytes.
    private static var downloadMin: Int64 { 256 << 10 }

    /// For so long after there were several streams a single one is held to be beside others.
    private static var companyMs: Int64 { 10_000 }

    func isDownload(_ exchange: Exchange) -> Bool {
        hasCompany && exchange.delivery.contentBytesSent > HTTP2Session.downloadMin
    }

    /// Small answers leave at once, and the client asks again when it has read them: streams are beside a
    /// download for moments only, and what it sends between them is in the way of the next one.
    private var hasCompany: Bool { streamCount > 1 || worker.clock.nowMs < companyUntilMs }

    /// There are several streams.
    func noteCompany() { companyUntilMs = worker.clock.nowMs + HTTP2Session.companyMs }

    /// Content of a stream that may be framed now, in bytes: what windows let it, and of a download what the
    /// client will read soon.
    func allowance(of slot: Int, _ exchange: Exchange) -> Int {
        let windows = link.allowance(of: slot)
        guard isDownload(exchange), let deliveries = link.deliveries else { return windows }
        return min(windows, deliveries.allowance)
    }

    /// Content was framed.
    func wrote(_ count: Int, of exchange: Exchange) {
        movedCount += Int64(count)
        if let deliveries = link.deliveries {
            deliveries.sent(count)
            if isDownload(exchange) { askHowFar(deliveries) }
        } else if isDownload(exchange) {
            let deliveries = DeliveryClock(sentCount: exchange.delivery.contentBytesSent)
            link.deliveries = deliveries
            askHowFar(deliveries)
        }
    }

    /// Sees to it that an answer is under way.
    private func askHowFar(_ deliveries: DeliveryClock) {
        guard deliveries.isDue else { return }
        FrameWriter.ping(deliveries.ask(nowUs: worker.clock.nowUs), to: pendingOut)
        post()
    }

    /// A download has to wait until the client has read more.
    func awaitReading() {
        if let deliveries = link.deliveries { askHowFar(deliveries) }
    }

    /// The client answered a PING.
    func answered(_ count: UInt64) {
        guard let deliveries = link.deliveries,
            deliveries.answered(
                count, nowUs: worker.clock.nowUs,
                roundTripUs: Socket.networkRoundTripUs(transport.fd) ?? 0)
        else { return }
        resumeDownloads()
    }

    private func resumeDownloads() {
        for stream in streams { stream?.resume() }
    }

    /// A download has waited for long.
    func lookAtReading() {
        guard let deliveries = link.deliveries else { return }
        deliveries.look(nowUs: worker.clock.nowUs)
        if deliveries.isGivenUp { resumeDownloads() }
    }
}
