package import Sharing

extension StatusReport {
    /// Something that happened to the service or to a server.
    package struct Happening {
        let kind: Chronicle.Kind
        let entry: Chronicle.Entry

        /// "10.0.0.1:80 of upstream "shop"".
        var subject: String {
            entry.upstream.isEmpty ? entry.subject : "\(entry.subject) of upstream \"\(entry.upstream)\""
        }

        /// "unhealthy, after 3 h 5 min".
        var what: String {
            entry.lastedMs > 0
                ? "\(entry.what), after \(Wording.duration(ms: entry.lastedMs))" : entry.what
        }

        /// Why, and at whose wish.
        var explanation: String {
            [entry.reason, entry.by.isEmpty ? "" : "by \(entry.by)"].filter { !$0.isEmpty }
                .joined(separator: ", ")
        }
    }

    /// Takes what is known of one kind.
    package mutating func take(_ kind: Chronicle.Kind, of chronicle: Chronicle) {
        happenings += chronicle.entries(kind).map { Happening(kind: kind, entry: $0) }
        happeningCounts.append((kind, chronicle.counts(kind)))
    }

    /// The youngest first.
    package mutating func sortHappenings() {
        let places = happenings.indices.sorted {
            (happenings[$1].entry.atMs, $0) < (happenings[$0].entry.atMs, $1)
        }
        happenings = places.map { happenings[$0] }
    }
}
