internal import Config
internal import Core
internal import Net
internal import Sharing

/// `limit_conn`: no more requests of a key are under way than it may have.
///
/// A request is counted once, wherever internal redirects lead it, from its head to its log line.
enum LimitConnections {
    static func check(_ exchange: Exchange) -> Outcome {
        let limits = exchange.location.settings.limitConnections.limits.elements
        guard !limits.isEmpty, exchange.limiting.connections == .unlimited else { return .declined }
        return judge(exchange, limits)
    }

    /// Longest key, as nginx keeps its length in a byte.
    private static var keyMax: Int { 255 }

    private static func judge(_ exchange: Exchange, _ limits: [ConnectionLimit]) -> Outcome {
        let key = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(key) }
        let worker = exchange.worker.slot
        for limit in limits {
            guard let line = limit.zone.line,
                LimitKey.take(line.key, byteMax: keyMax, into: key, exchange)
            else { continue }
            exchange.limiting.connections = .passed
            switch key.withReadable({ line.counts.take($0, most: limit.most, worker: worker) }) {
            case .counted(let slot):
                exchange.heldConnections.append(HeldConnection(counts: line.counts, slot: slot))
            case .tooMany:
                let settings = exchange.location.settings.limitConnections
                exchange.log(
                    settings.logLevel,
                    "limiting connections\(settings.isDryRun ? ", dry run," : "") by zone"
                        + " \"\(limit.zone.name)\"")
                return refuse(exchange, limit.zone.name, line)
            case .noRoom:
                return refuse(exchange, limit.zone.name, line)
            case .unavailable:
                LimitKey.noteUnavailable(limit.zone.name, exchange)
            }
        }
        for held in exchange.heldConnections { held.counts.count(.passed) }
        return .declined
    }

    private static func refuse(
        _ exchange: Exchange, _ zone: String, _ line: ConnectionZoneLine
    ) -> Outcome {
        let isDryRun = exchange.location.settings.limitConnections.isDryRun
        exchange.giveConnectionsBack()
        line.counts.count(isDryRun ? .rejectedDryRun : .rejected)
        exchange.limiting.connections = isDryRun ? .rejectedDryRun : .rejected
        guard !isDryRun else { return .declined }
        exchange.tellOfLimit("limit_conn", zone)
        exchange.accounting.fault = .limited
        return .status(UInt16(clamping: exchange.location.settings.limitConnections.status))
    }
}

extension Exchange {
    /// What is counted for a sub-request is counted until the end of the client's.
    func takeConnections(of inner: Exchange) {
        guard !inner.heldConnections.isEmpty else { return }
        heldConnections += inner.heldConnections
        inner.heldConnections.removeAll(keepingCapacity: true)
    }

    /// The request is not under way any more.
    func giveConnectionsBack() {
        guard !heldConnections.isEmpty else { return }
        for held in heldConnections { held.counts.giveBack(held.slot, worker: worker.slot) }
        heldConnections.removeAll(keepingCapacity: true)
    }
}
