package import Sharing

extension StatusReport {
    /// Requests that `limit_req` delays now.
    var requestsDelayed: Int { max(0, requests[.waiting]) }

    /// A zone of `limit_req` or `limit_conn`.
    package struct LimitZone {
        let name: String
        /// What became of requests, in the API's words.
        let counts: [(word: String, value: Int)]
        /// Keys that it holds, and that it has room for if they are short.
        let keys: (count: Int, max: Int)

        /// The numbers of a `limit_req_zone` at this moment.
        package init(_ name: String, _ buckets: RequestBuckets) {
            self.name = name
            counts = RequestBuckets.Count.allCases.map { ($0.word, buckets.total($0)) }
            keys = (buckets.bucketCount, buckets.capacity)
        }

        /// The numbers of a `limit_conn_zone` at this moment.
        package init(_ name: String, _ counts: ConnectionCounts) {
            self.name = name
            self.counts = ConnectionCounts.Count.allCases.map { ($0.word, counts.total($0)) }
            keys = (counts.keyCount, counts.capacity)
        }

        /// Requests that ended so; 0 if that does not happen to them here.
        func count(_ word: String) -> Int { counts.first { $0.word == word }?.value ?? 0 }
    }
}

extension RequestBuckets.Count {
    fileprivate var word: String {
        switch self {
        case .passed: "passed"
        case .delayed: "delayed"
        case .rejected: "rejected"
        case .delayedDryRun: "delayed_dry_run"
        case .rejectedDryRun: "rejected_dry_run"
        }
    }
}

extension ConnectionCounts.Count {
    fileprivate var word: String {
        switch self {
        case .passed: "passed"
        case .rejected: "rejected"
        case .rejectedDryRun: "rejected_dry_run"
        }
    }
}
