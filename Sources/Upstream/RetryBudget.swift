/// How many requests of a group are being tried again, among all that it has (`proxy_next_upstream_budget`).
///
/// Without a bound, a group whose servers fail is sent every request as often as it has servers.
public struct RetryBudget: Sendable {
    /// Retries that are always allowed.
    static var retriesMin: Int { 3 }

    /// Requests that the group has now.
    public private(set) var requests = 0
    /// Those of them whose attempt under way is not their first.
    public private(set) var retries = 0

    /// Of a group without requests.
    public init() {}

    /// The group was given a request.
    public mutating func requestBegan() { requests += 1 }
    /// A request is over, or another group's.
    public mutating func requestEnded() { requests -= 1 }
    /// A request is tried again.
    public mutating func retryBegan() { retries += 1 }
    /// A retry came to something, in whatever way.
    public mutating func retryEnded() { retries -= 1 }

    /// Whether one more may be tried again now.
    ///
    /// - Parameter percent: of the group's requests that may be at one time; `nil`: all.
    public func allows(percent: Int?) -> Bool {
        guard let percent else { return true }
        return retries < max(RetryBudget.retriesMin, requests * percent / 100)
    }
}
