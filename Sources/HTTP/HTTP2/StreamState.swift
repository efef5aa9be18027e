/// Where a stream is in its life, seen from the server: RFC 9113 §5.1.
///
///                 HEADERS                   END_STREAM from the client
///     idle ────────────────────▶ open ───────────────────────────▶ half-closed (remote)
///                                  │ END_STREAM from us                     │ END_STREAM from us
///                                  ▼                                        ▼
///                         half-closed (local) ──────────────────────▶    closed
///                                        END_STREAM from the client
///
/// RST_STREAM of either side leads to closed from everywhere but idle. Nothing is pushed, so that nothing is
/// ever reserved.
public enum StreamState: Equatable, Sendable {
    case idle
    case open
    case halfClosedRemote
    case halfClosedLocal
    case closed(Cause)

    /// How a stream was closed, which says what may still arrive.
    public enum Cause: UInt8, Sendable {
        /// Both sides said that they were done.
        case ended
        /// The client reset it.
        case theirReset
        /// We reset it: frames that were on their way are dropped.
        case ourReset
    }

    /// What happens to a stream.
    public enum Event: Equatable, Sendable {
        case receivedHeaders(isLast: Bool)
        case receivedData(isLast: Bool)
        case receivedReset
        case receivedWindowUpdate
        case receivedPriority
        case sentLast
        case sentReset
    }

    /// What becomes of it.
    public enum Outcome: Equatable, Sendable {
        /// The stream is in this state now, and what came counts.
        case proceed(StreamState)
        /// What came counts for the connection only.
        case ignore
        case fault(HTTP2Fault)
        /// We never do that.
        case illegal
    }

    /// What an event means in this state.
    public func outcome(of event: Event) -> Outcome {
        switch self {
        case .idle: idleOutcome(of: event)
        case .open: openOutcome(of: event)
        case .halfClosedRemote: halfClosedRemoteOutcome(of: event)
        case .halfClosedLocal: halfClosedLocalOutcome(of: event)
        case .closed(let cause): closedOutcome(of: event, cause)
        }
    }

    /// §5.1, idle: HEADERS and PRIORITY only.
    private func idleOutcome(of event: Event) -> Outcome {
        switch event {
        case .receivedHeaders(let isLast): .proceed(isLast ? .halfClosedRemote : .open)
        case .receivedPriority: .ignore
        case .receivedData, .receivedReset, .receivedWindowUpdate: .fault(.connection(.protocolError))
        case .sentLast, .sentReset: .illegal
        }
    }

    private func openOutcome(of event: Event) -> Outcome {
        switch event {
        // §8.1: a second field block is the trailers', and ends the request.
        case .receivedHeaders(isLast: false): .fault(.stream(.protocolError))
        case .receivedHeaders(isLast: true), .receivedData(isLast: true): .proceed(.halfClosedRemote)
        case .receivedData(isLast: false), .receivedWindowUpdate: .proceed(.open)
        case .receivedReset: .proceed(.closed(.theirReset))
        case .receivedPriority: .ignore
        case .sentLast: .proceed(.halfClosedLocal)
        case .sentReset: .proceed(.closed(.ourReset))
        }
    }

    /// §5.1: nothing but what steers our sending.
    private func halfClosedRemoteOutcome(of event: Event) -> Outcome {
        switch event {
        case .receivedHeaders, .receivedData: .fault(.stream(.streamClosed))
        case .receivedWindowUpdate: .proceed(.halfClosedRemote)
        case .receivedReset: .proceed(.closed(.theirReset))
        case .receivedPriority: .ignore
        case .sentLast: .proceed(.closed(.ended))
        case .sentReset: .proceed(.closed(.ourReset))
        }
    }

    private func halfClosedLocalOutcome(of event: Event) -> Outcome {
        switch event {
        case .receivedHeaders(isLast: false): .fault(.stream(.protocolError))
        case .receivedHeaders(isLast: true), .receivedData(isLast: true): .proceed(.closed(.ended))
        case .receivedData(isLast: false), .receivedWindowUpdate: .proceed(.halfClosedLocal)
        case .receivedReset: .proceed(.closed(.theirReset))
        case .receivedPriority: .ignore
        case .sentLast: .illegal
        case .sentReset: .proceed(.closed(.ourReset))
        }
    }

    private func closedOutcome(of event: Event, _ cause: Cause) -> Outcome {
        switch (event, cause) {
        case (.sentLast, _), (.sentReset, _): .illegal
        // What crossed our own reset on its way: §5.1, closed.
        case (_, .ourReset): .ignore
        // WINDOW_UPDATE and RST_STREAM may cross an END_STREAM; PRIORITY may come at any time.
        case (.receivedWindowUpdate, _), (.receivedReset, _), (.receivedPriority, _): .ignore
        case (.receivedHeaders, .ended), (.receivedData, .ended): .fault(.connection(.streamClosed))
        case (.receivedHeaders, .theirReset), (.receivedData, .theirReset): .fault(.stream(.streamClosed))
        }
    }
}
