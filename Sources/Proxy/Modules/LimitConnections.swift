internal import Config
internal import Core
internal import Net
internal import Sharing

/// `limit_conn`: no more requests of a key are under way than it may have.
///
/// A request is counted once, wherever internal redirects lead it, from its head to its log line.
enum LimitConnections {
    static func check(_ exchange: Exchange) -> Outcome {
        guard !exchange.location.settings.limitConnections.limits.elements.isEmpty,
            exchange.limiting.connections == .unlimited
        else { return .declined }
        return judge(exchange, exchange.location.settings.limitConnections)
    }

    /// Longest key, as nginx keeps its length in a byte.
    private static var keyMax: Int { 255 }

    private static func judge(_ exchange: Exchange, _ settings: LimitConnectionSettings) -> Outcome {
        let key = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(key) }
        let worker = exchange.worker.slot
        for limit in settings.limits.elements {
            guard let line = limit.zone.line,
                LimitKey.take(line.key, byteMax: keyMax, into: key, exchange)
            else { continue }
            exchange.limiting.connections = .passed
            switch key.withReadable({ line.counts.take($0, most: limit.most, worker: worker) }) {
            case .counted(let slot):
                exchange.heldConnections.append(HeldConnection(counts: line.counts, slot: slot))
            case .tooMany:
                exchange.log(
                    settings.logLevel,
                    "limiting connections\(settings.isDryRun ? ", dry run," : "") by zone"
                        + " \"\(limit.zone.name)\"")
                return refuse(exchange, settings, line)
            case .noRoom:
                return refuse(exchange, settings, line)
            case .unavailable:
                LimitKey.noteUnavailable(limit.zone.name, exchange)
            }
        }
        for held in exchange.heldConnections { held.counts.count(.passed) }
        return .declined
    }

    private static func refuse(
        _ exchange: Exchange, _ settings: LimitConnectionSettings, _ line: ConnectionZone.Line
    ) -> Outcome {
        exchange.giveConnectionsBack()
        line.counts.count(settings.isDryRun ? .rejectedDryRun : .rejected)
        exchange.limiting.connections = settings.isDryRun ? .rejectedDryRun : .rejected
        guard !settings.isDryRun else { return .declined }
        exchange.accounting.fault = .limited
        return .status(UInt16(clamping: settings.status))
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
