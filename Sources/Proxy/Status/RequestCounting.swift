internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// A zone that `status_zone` names, as one configuration knows it.
struct StatusZone: Hashable {
    enum Kind: String { case server, location }

    let kind: Kind
    let name: String

    /// What its numbers are found by.
    var tallyName: String { "\(kind.rawValue) zone \(name)" }
}

extension Worker {
    /// A request is over: it is counted, for the whole service and for its zones.
    func count(_ exchange: Exchange) {
        let us = clock.nowUs - exchange.arrival.startedUs
        let status = exchange.countedStatus
        let isTraffic = exchange.isTraffic
        if isTraffic {
            requestTally.add(.requests)
            requestTally.add(status: status)
            requestTally.add(microseconds: us)
            if exemplarTurns.mayBeDue(us, nowMs: clock.nowMs) { noteExemplar(exchange, us) }
            if let zone = exchange.accounting.serverZone {
                count(exchange, in: exchange.snapshot.zones[zone], us)
            }
        }
        exchange.leaveServerZone()
        // A zone of the status's own location is wanted.
        if let zone = exchange.location.settings.core.statusZone, isTraffic || !exchange.isProbe {
            count(exchange, in: exchange.snapshot.zones[zone], us)
        }
        let hasFailed = exchange.accounting.fault != nil || exchange.accounting.lastFailure != nil
        guard status >= 400 || hasFailed else { return }
        let reason = exchange.endReason
        if isTraffic, let place = reason.place { shared.reasons.add(place, 1) }
        // Reasons are words: made only where there is something to tell.
        guard status >= 500 || exchange.accounting.fault == .upstreamCut else { return }
        if reason.isFault { note(exchange, reason) }
    }

    /// The request stands for others that took as long, unless one has done so a moment ago.
    private func noteExemplar(_ exchange: Exchange, _ us: Int64) {
        let range = Exemplars.range(ofMicroseconds: us)
        guard exemplarTurns.take(range, nowMs: clock.nowMs) else { return }
        let id = ByteBuffer(capacity: 32)
        exchange.appendRequestID(to: id)
        shared.exemplars.note(
            Exemplars.Exemplar(
                atMs: Int(clock.wallMs), us: Int(us), requestID: String(decoding: id.bytes, as: UTF8.self)),
            in: range)
    }

    private func count(_ exchange: Exchange, in zone: Tally, _ us: Int64) {
        zone.add(.requests)
        zone.add(.received, Int(exchange.arrival.byteCount))
        zone.add(.sent, Int(exchange.delivery.bytesSent))
        zone.add(microseconds: us)
        if exchange.delivery.bytesSent > 0 {
            zone.add(status: exchange.countedStatus)
        } else {
            zone.add(.discarded)
        }
    }

    private func note(_ exchange: Exchange, _ reason: EndReason) {
        let text = ByteBuffer(capacity: 256)
        exchange.appendMethod(to: text)
        text.append(UInt8.space)
        text.append(Slice(from: 0, to: min(exchange.uri.count, 90)), of: exchange.uri)
        let attempt = exchange.attempts.last
        let server = attempt.map { exchange.attempts.names.bytes(of: $0.name) } ?? []
        shared.events.add(
            EventRing.Event(
                atMs: Int(clock.wallMs), status: Int(exchange.countedStatus),
                texts: [
                    reason.text, String(decoding: text.bytes, as: UTF8.self), exchange.remoteAddress.text,
                    String(decoding: server, as: UTF8.self),
                ]))
    }
}

/// When a worker next notes a request that stands for others: one a second, and of slow ones one a second
/// of each range. Most requests are asked about the time and nothing else.
struct ExemplarTurns {
    /// What takes longer is always looked at.
    private static var slowUs: Int64 { 100_000 }
    private static var everyMs: Int64 { 1000 }

    private var nextMs: Int64 = 0
    private var rangesMs = [Int64](repeating: 0, count: Exemplars.bounds.count + 1)

    func mayBeDue(_ us: Int64, nowMs: Int64) -> Bool { nowMs >= nextMs || us > ExemplarTurns.slowUs }

    /// - Returns: whether it is the turn of a request in this range.
    mutating func take(_ range: Int, nowMs: Int64) -> Bool {
        guard rangesMs.indices.contains(range), nowMs >= rangesMs[range] else { return false }
        nextMs = nowMs + ExemplarTurns.everyMs
        rangesMs[range] = nextMs
        return true
    }
}

extension Exchange {
    /// The status of its answer, or what a gRPC answer made here stands for.
    var countedStatus: UInt16 { accounting.meantStatus ?? response.status }

    /// Somebody is served by it: the status page's own polls and the checker's probes of this very service
    /// would drown what clients do.
    var isTraffic: Bool { !location.settings.content.hasReserve && !isProbe }

    /// The checker of this machine sent it. Whoever else says so is counted.
    fileprivate var isProbe: Bool {
        let saysSo = withRequestField(.userAgent) { agent in
            let wanted = HealthCheck.agent
            return agent.isEqual(to: wanted.span)
        }
        guard saysSo == true else { return false }
        return client.remoteAddress.withAddressBytes { remote in
            client.localAddress.withAddressBytes { remote.isEqual(to: $0) }
        }
    }

    /// It is served in the zone of its server from here on.
    func enterServerZone() {
        guard server.zone != accounting.serverZone else { return }
        leaveServerZone()
        accounting.serverZone = server.zone
        if let zone = accounting.serverZone { snapshot.zones[zone].add(.processing, 1) }
    }

    /// A limit refused it.
    func tellOfLimit(_ directive: String, _ zone: String) {
        worker.shared.chronicle.tell(
            .limit, at: worker.clock.wallMs, stripe: zone.utf8.reduce(directive.utf8.count) { $0 &+ Int($1) },
            Chronicle.Entry(
                "\(directive) zone \"\(zone)\"", "requests refused", reason: remoteAddress.addressText))
    }

    func leaveServerZone() {
        if let zone = accounting.serverZone { snapshot.zones[zone].add(.processing, -1) }
        accounting.serverZone = nil
    }
}

extension Span where Element == UInt8 {
    fileprivate func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
