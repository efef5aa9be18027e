import HTTP
import Testing

/// Every pair of state and event: RFC 9113 §5.1.
@Suite("Stream states") struct StreamStateTests {
    static let events: [StreamState.Event] = [
        .receivedHeaders(isLast: false), .receivedHeaders(isLast: true), .receivedData(isLast: false),
        .receivedData(isLast: true), .receivedReset, .receivedWindowUpdate, .receivedPriority, .sentLast,
        .sentReset,
    ]
    private static let stay = StreamState.Outcome.ignore
    private static func connection(_ code: HTTP2ErrorCode) -> StreamState.Outcome {
        .fault(.connection(code))
    }
    private static func stream(_ code: HTTP2ErrorCode) -> StreamState.Outcome { .fault(.stream(code)) }

    @Test(
        "what an event means in each state",
        arguments: [
            // §5.1, idle: anything but HEADERS and PRIORITY is a connection error.
            (
                StreamState.idle,
                [
                    .proceed(.open), .proceed(.halfClosedRemote), connection(.protocolError),
                    connection(.protocolError), connection(.protocolError), connection(.protocolError), stay,
                    .illegal, .illegal,
                ]
            ),
            // §8.1: trailers end the request.
            (
                .open,
                [
                    stream(.protocolError), .proceed(.halfClosedRemote), .proceed(.open),
                    .proceed(.halfClosedRemote), .proceed(.closed(.theirReset)), .proceed(.open), stay,
                    .proceed(.halfClosedLocal), .proceed(.closed(.ourReset)),
                ]
            ),
            // §5.1, half-closed (remote): STREAM_CLOSED for all but three.
            (
                .halfClosedRemote,
                [
                    stream(.streamClosed), stream(.streamClosed), stream(.streamClosed),
                    stream(.streamClosed),
                    .proceed(.closed(.theirReset)), .proceed(.halfClosedRemote), stay,
                    .proceed(.closed(.ended)),
                    .proceed(.closed(.ourReset)),
                ]
            ),
            (
                .halfClosedLocal,
                [
                    stream(.protocolError), .proceed(.closed(.ended)), .proceed(.halfClosedLocal),
                    .proceed(.closed(.ended)), .proceed(.closed(.theirReset)), .proceed(.halfClosedLocal),
                    stay,
                    .illegal, .proceed(.closed(.ourReset)),
                ]
            ),
            // §5.1, closed: after END_STREAM all of the connection is out of step, after RST_STREAM the stream.
            (
                .closed(.ended),
                [
                    connection(.streamClosed), connection(.streamClosed), connection(.streamClosed),
                    connection(.streamClosed), stay, stay, stay, .illegal, .illegal,
                ]
            ),
            (
                .closed(.theirReset),
                [
                    stream(.streamClosed), stream(.streamClosed), stream(.streamClosed),
                    stream(.streamClosed), stay,
                    stay, stay, .illegal, .illegal,
                ]
            ),
            // What was on its way when we reset it.
            (.closed(.ourReset), [stay, stay, stay, stay, stay, stay, stay, .illegal, .illegal]),
        ] as [(StreamState, [StreamState.Outcome])])
    func pairs(_ state: StreamState, _ outcomes: [StreamState.Outcome]) {
        #expect(outcomes.count == Self.events.count)
        for (event, wanted) in zip(Self.events, outcomes) {
            #expect(state.outcome(of: event) == wanted, "\(state), \(event)")
        }
    }
}
