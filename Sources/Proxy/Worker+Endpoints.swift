internal import Net

extension Worker {
    /// What stands in the slots that the kernel names: events of a turn go there.
    ///
    /// Nothing but objects, each in a case of its own: then taking one out of its slot counts one reference.
    /// With another enum in a case, or cases without an object, it is two calls more: 50 instructions an
    /// event.
    enum Endpoint {
        case listener(Listener)
        case opening(ClientOpening)
        case http1(HTTP1Session)
        case http2(HTTP2Session)
        /// A request among others on one connection.
        case stream(HTTP2Stream)
        /// A request that was made here for the sake of a client's.
        case subrequest(Subrequest)
        case peer(PeerConnection)
        /// An authority is asked for a client's certificate.
        case status(ClientStatusCheck)
        /// A child works something out: a password, an explanation.
        case answer(AwaitedAnswer)
        /// A name that a request leads to is looked up.
        case name(CachedName)
        /// A call has so much time.
        case deadline(CallDeadline)
        case own(OwnEndpoint)

        /// What is spoken on a client's connection.
        static func client(_ session: Session) -> Endpoint {
            switch session {
            case .opening(let opening): .opening(opening)
            case .http1(let session): .http1(session)
            case .http2(let session): .http2(session)
            }
        }

        /// What is spoken on a client's connection; `nil`: it is none.
        var session: Session? {
            switch self {
            case .opening(let opening): .opening(opening)
            case .http1(let session): .http1(session)
            case .http2(let session): .http2(session)
            case .listener, .stream, .subrequest, .peer, .status, .answer, .name, .deadline,
                .own:
                nil
            }
        }
    }
}

/// A descriptor or a timer that is nothing else.
final class OwnEndpoint {
    enum Purpose {
        case signals
        /// What the master says.
        case control
        /// Requests wait.
        case queues
        /// There is no master that takes samples.
        case sampling
        /// Many clients were there.
        case crowd
        /// Compressors are idle.
        case coders
    }

    let purpose: Purpose

    init(_ purpose: Purpose) { self.purpose = purpose }
}
