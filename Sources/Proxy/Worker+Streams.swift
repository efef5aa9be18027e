internal import Net

/// Streams of HTTP/2, which are used again with their timers and their places in the loop.
extension Worker {
    /// Most of them that are kept: what a few busy connections use.
    private static var streamsMax: Int { 512 }

    func takeStream(for session: HTTP2Session, slot: Int) -> HTTP2Stream {
        let stream =
            recycled.streams.popLast()
            ?? loop.enroll(as: Endpoint.stream) { token in HTTP2Stream(worker: self, token: token) }
        stream.take(session, slot)
        return stream
    }

    func giveBack(_ stream: HTTP2Stream) {
        stream.reset()
        guard recycled.streams.count < Worker.streamsMax else { return letGo(stream) }
        recycled.streams.append(stream)
    }

    /// Lets go of what so many clients do not need.
    func shrinkStreams(to count: Int) {
        while recycled.streams.count > count, let stream = recycled.streams.popLast() { letGo(stream) }
    }

    private func letGo(_ stream: HTTP2Stream) {
        timers.destroy(stream.readTimer)
        timers.destroy(stream.writeTimer)
        loop.dismiss(stream.token)
    }
}
