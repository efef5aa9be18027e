internal import Sharing

/// What limits have made of a request. Forgotten by one assignment.
struct Limiting {
    /// `$limit_req_status`
    enum Requests: UInt8 {
        /// No limit has counted it.
        case unlimited
        case passed, delayed, rejected, delayedDryRun, rejectedDryRun
    }

    /// `$limit_conn_status`
    enum Connections: UInt8 {
        case unlimited
        case passed, rejected, rejectedDryRun
    }

    /// The bucket that has the least room left for this client, for `limit_req_fields`.
    struct Told {
        let limit: RequestLimit
        let rate: Int
        let excess: Int
    }

    var requests = Requests.unlimited
    var connections = Connections.unlimited
    /// It waits now because a limit delays it, and is counted.
    var isDelayed = false
    /// When a request that was refused would have been let in; 0: nobody knows.
    var retryAfterSeconds = 0
    var told: Told?
}

/// A request that a zone of `limit_conn` counts as under way.
struct HeldConnection {
    let counts: ConnectionCounts
    let slot: Int
}
