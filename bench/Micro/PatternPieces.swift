import Pattern

/// Regular expressions by themselves: one, sets of them, with and without captures.
///
/// Nanoseconds are for a whole subject, whose length in bytes is in the name.
enum PatternPieces {
    private static var path: String { "/some/page/of/the/site-12" }
    private static var agent: String {
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    }

    static var all: [MicroPiece] {
        var pieces: [MicroPiece] = []
        func one(_ name: String, _ source: String, _ subject: String, caseless: Bool = false) {
            guard let pattern = try? Pattern(Array(source.utf8), caseless: caseless) else { return }
            pieces.append(matching("\(name)-\(subject.utf8.count)", pattern, subject))
            pieces.append(capturing("\(name)-captures-\(subject.utf8.count)", pattern, subject))
        }
        one("prefix", #"^/some/(\w+)/"#, path)
        one("suffix", #"\.(?:jpg|jpeg|gif|png|ico|css|js)$"#, path)
        one("words", #"(bot|crawl|spider|slurp)"#, agent, caseless: true)
        one("look-ahead", #"^/(?!api|static)(.*)$"#, path)
        one("reference", #"(\w)\1"#, path)
        one("nested", #"^/(a+)+$"#, "/" + String(repeating: "a", count: 8190) + "!")
        for count in [20, 600, 5000] {
            pieces.append(set("set-\(count)-\(agent.utf8.count)", bots(count), agent))
        }
        return pieces
    }

    private static func bots(_ count: Int) -> [String] { (0..<count).map { "bot\($0)agent" } }

    private static func matching(_ name: String, _ pattern: Pattern, _ subject: String) -> MicroPiece {
        let memory = PatternMemory()
        let bytes = Array(subject.utf8)
        return MicroPiece(name: "pattern/\(name)") { count in
            var sum = 0
            for _ in 0..<count { sum &+= pattern.matches(bytes.span, memory) == .match ? 1 : 2 }
            return sum
        }
    }

    private static func capturing(_ name: String, _ pattern: Pattern, _ subject: String) -> MicroPiece {
        let memory = PatternMemory()
        let bytes = Array(subject.utf8)
        var captures = PatternCaptures()
        return MicroPiece(name: "pattern/\(name)") { count in
            var sum = 0
            for _ in 0..<count {
                sum &+= pattern.match(bytes.span, memory, into: &captures) == .match ? captures.count : 2
            }
            return sum
        }
    }

    private static func set(_ name: String, _ sources: [String], _ subject: String) -> MicroPiece {
        let set = PatternSet(sources.compactMap { try? Pattern(Array($0.utf8), caseless: true) })
        let memory = PatternMemory()
        let bytes = Array(subject.utf8)
        return MicroPiece(name: "pattern/\(name)") { count in
            var sum = 0
            for _ in 0..<count { sum &+= set.firstMatch(bytes.span, memory) == .noMatch ? 1 : 2 }
            return sum
        }
    }
}
