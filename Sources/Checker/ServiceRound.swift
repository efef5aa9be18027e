internal import Net
internal import Sharing

/// The hosts that SRV records name (RFC 2782), looked up one after the other.
struct ServiceRound {
    /// Most records that are followed.
    private static var recordsMax: Int { ResolvedNames.addressesMax }

    private var waiting: ArraySlice<DNSMessage.Service>
    private let firstPriority: Int
    /// The smallest so far.
    private(set) var ttlSeconds: Int
    private(set) var servers: [FoundServer] = []
    /// Why a host was not found.
    private(set) var reason: String?

    init(_ services: [DNSMessage.Service], _ ttlSeconds: Int) {
        // A root for a host says that the service is not offered at all.
        let offered = services.filter { !$0.target.text.isEmpty && $0.port > 0 }
            .sorted { ($0.priority, $0.target.text, $0.port) < ($1.priority, $1.target.text, $1.port) }
        waiting = offered.prefix(ServiceRound.recordsMax)
        firstPriority = offered.first?.priority ?? 0
        self.ttlSeconds = ttlSeconds
    }

    /// Whose host is to be looked up now; `nil`: all are known.
    var next: DNSMessage.Service? { waiting.first }

    mutating func found(_ addresses: [SocketAddress], _ seconds: Int) {
        guard let service = waiting.popFirst() else { return }
        ttlSeconds = min(ttlSeconds, seconds)
        for address in addresses {
            var server = FoundServer(address)
            server.weight = max(service.weight, 1)
            server.isBackup = service.priority > firstPriority
            if !servers.contains(where: { $0.address == address }) { servers.append(server) }
        }
    }

    mutating func failed(_ text: String) {
        waiting = waiting.dropFirst()
        reason = reason ?? text
    }
}
