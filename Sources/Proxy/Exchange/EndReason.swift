internal import Upstream

/// Why a request ended as it did: `$proxy_reason`, and the status page's last errors.
///
/// | reason | when |
/// | --- | --- |
/// | `ok` | it was answered, whatever was asked for, or as `return` or `readiness` says |
/// | `retried:WHY` | after an attempt that failed (`error`, `timeout`, `invalid`, `shortage`, `status`) |
/// | `no_live_upstream` | no server could take it |
/// | `overloaded` | 503 made here: servers have as many requests as are good for them (`max_conns=auto`) |
/// | `upstream_error` | the last server tried refused, reset or closed the connection |
/// | `upstream_timeout` | the last server tried took too long |
/// | `upstream_invalid` | the last server tried answered with something that is no answer |
/// | `upstream_shortage` | descriptors, memory or ports for a connection to a server were lacking here |
/// | `upstream_status` | a server's own answer with 500 or more |
/// | `upstream_cut` | a server's answer ended in the middle |
/// | `deadline` | the time that the client gave a gRPC call (`grpc-timeout`) has passed |
/// | `client_closed` | the client left before the answer was complete |
/// | `client_timeout` | the client sent or read too slowly |
/// | `bad_request`, `too_large` | the request could not be read, or was larger than allowed |
/// | `unauthorized`, `denied` | 401, 403 made here |
/// | `limited` | `limit_req` or `limit_conn` refused it, or 429 made here |
/// | `no_room` | 503 made here: `worker_connections` or descriptors had run out |
/// | `storage_error` | a temporary file could not be written: its disk is full |
/// | `internal_error` | any other answer with 500 or more made here |
enum EndReason: Equatable {
    case ok
    case retried(UpstreamFailure)
    case noLiveUpstream, overloaded
    case upstream(UpstreamFailure)
    case upstreamStatus
    case upstreamCut
    case deadline
    case clientClosed, clientTimeout
    case badRequest, tooLarge, unauthorized, denied, limited, noRoom, storageError, internalError

    /// What an attempt at a server came to.
    enum UpstreamFailure: CaseIterable {
        case error, timeout, invalid, shortage, status

        init(_ failure: AttemptFailure) {
            self =
                switch failure {
                case .error: .error
                case .timeout: .timeout
                case .invalidHeader: .invalid
                case .shortage: .shortage
                case .status, .unavailable: .status
                }
        }

        var name: StaticString {
            switch self {
            case .error: "error"
            case .timeout: "timeout"
            case .invalid: "invalid"
            case .shortage: "shortage"
            case .status: "status"
            }
        }
    }

    var text: String {
        switch self {
        case .ok: "ok"
        case .retried(let why): "retried:\(why.name)"
        case .noLiveUpstream: "no_live_upstream"
        case .overloaded: "overloaded"
        case .upstream(let why): "upstream_\(why.name)"
        case .upstreamStatus: "upstream_status"
        case .upstreamCut: "upstream_cut"
        case .deadline: "deadline"
        case .clientClosed: "client_closed"
        case .clientTimeout: "client_timeout"
        case .badRequest: "bad_request"
        case .tooLarge: "too_large"
        case .unauthorized: "unauthorized"
        case .denied: "denied"
        case .limited: "limited"
        case .noRoom: "no_room"
        case .storageError: "storage_error"
        case .internalError: "internal_error"
        }
    }

    /// Those that are counted, each in its place in shared memory. A gateway's status that was passed on is
    /// `upstreamStatus`.
    static let counted: [EndReason] =
        [
            .noLiveUpstream, .overloaded, .upstreamStatus, .upstreamCut, .clientClosed, .clientTimeout,
            .badRequest, .tooLarge, .unauthorized, .denied, .limited, .noRoom, .internalError,
        ] + UpstreamFailure.allCases.map(EndReason.retried)
        + UpstreamFailure.allCases.filter { $0 != .status }.map(EndReason.upstream) + [
            .deadline, .storageError,
        ]

    /// Where it is counted; `nil`: nowhere.
    var place: Int? { EndReason.counted.firstIndex(of: self) }

    /// Somebody may have to do something about it.
    var isFault: Bool {
        switch self {
        case .noLiveUpstream, .overloaded, .upstream, .upstreamStatus, .upstreamCut, .deadline, .noRoom,
            .storageError, .internalError:
            true
        case .ok, .retried, .clientClosed, .clientTimeout, .badRequest, .tooLarge, .unauthorized, .denied,
            .limited:
            false
        }
    }
}

extension Exchange {
    /// Why it ended as it did, or would if it ended now.
    var endReason: EndReason {
        let status = countedStatus
        if let fault = accounting.fault, fault != .ok { return fault }
        if status == 499 { return .clientClosed }
        let isOwn = attempts.isEmpty || accounting.meantStatus != nil
        if let failure = accounting.lastFailure {
            if status == 502 || status == 504 || (failure == .shortage && status == 500) {
                return failure == .status ? .upstreamStatus : .upstream(failure)
            }
            if status < 500 { return .retried(failure) }
        }
        if !isOwn && status >= 500 { return .upstreamStatus }
        guard isOwn, accounting.fault == nil else { return .ok }
        switch status {
        case 400, 494...497: return .badRequest
        case 401: return .unauthorized
        case 403: return .denied
        case 408: return .clientTimeout
        case 413, 414, 431: return .tooLarge
        case 429: return .limited
        case 500...: return .internalError
        default: return .ok
        }
    }
}
