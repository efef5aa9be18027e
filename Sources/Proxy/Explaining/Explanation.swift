internal import Core
internal import Net
internal import Status

/// What would become of a request.
package struct Explanation {
    let visit: Visit
    let trace: RequestTrace
    /// The lines of the answer's head; none: it would come from a server, or there is none.
    let answer: [String]

    private var client: String { ByteBuffer.shown { visit.client.append(addressTo: $0) } }

    /// What it comes to, in a few words.
    private var outcome: String {
        if let destination = trace.destination {
            return destination.peer.isEmpty ? "proxied" : "proxied to \(destination.url)"
        }
        if let status = answer.first { return status }
        return trace.isOver ? "closed without an answer" : "not known: it waits, perhaps for its content"
    }

    /// For people.
    package var text: String {
        var lines = [
            "\(visit.title) from \(client), to \(visit.listen.address.text)", "  \(outcome)", "",
        ]
        var last = ""
        for step in trace.steps {
            let place = step.place.map { " (\($0))" } ?? ""
            let inner = step.isInner ? "sub-request: " : ""
            let word = step.kind.rawValue
            let label = word == last ? "" : word
            last = word
            lines.append("\(Explanation.padded(label))\(inner)\(Explanation.shown(step.text))\(place)")
            for detail in step.details { lines.append("\(Explanation.padded(""))  \(detail)") }
        }
        lines += Explanation.block("head", trace.destination?.head ?? [])
        lines += Explanation.block("answer", answer)
        return lines.joined(separator: "\n")
    }

    /// A text of the configuration in one line, which no terminal obeys.
    private static func shown(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return ByteBuffer.shown { $0.append(Array(text.utf8)) }
    }

    private static func padded(_ word: String) -> String {
        word + String(repeating: " ", count: max(1, 10 - word.utf8.count))
    }

    private static func block(_ word: String, _ lines: [String]) -> [String] {
        lines.enumerated().map { padded($0.offset == 0 ? word : "") + $0.element }
    }

    /// For programs, in one line.
    package var json: String {
        let out = ByteBuffer(capacity: 4096)
        JSON.object([
            ("request", .string(visit.title)),
            ("client", .string(client)),
            ("listen", .string(visit.listen.address.text)),
            ("outcome", .string(outcome)),
            ("server", .string(trace.server)),
            ("location", .string(trace.location)),
            ("status", status),
            ("upstream", trace.destination.map { .string($0.upstream) } ?? .null),
            ("peer", trace.destination.map { .string($0.peer) } ?? .null),
            ("url", trace.destination.map { .string($0.url) } ?? .null),
            ("head", .array((trace.destination?.head ?? []).map { .string($0) })),
            ("answer", .array(answer.map { .string($0) })),
            ("steps", .array(trace.steps.map { Explanation.json($0) })),
        ]).write(to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private var status: JSON {
        let words = answer.first?.split(separator: " ") ?? []
        return words.count > 1 ? Int(words[1]).map { .int($0) } ?? .null : .null
    }

    private static func json(_ step: RequestTrace.Step) -> JSON {
        .object([
            ("kind", .string(step.kind.rawValue)),
            ("text", .string(step.text)),
            ("place", step.place.map { .string($0) } ?? .null),
            ("details", .array(step.details.map { .string($0) })),
            ("subrequest", .bool(step.isInner)),
        ])
    }
}
