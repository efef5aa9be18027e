import Config
import Core
import Net
import Pattern
import Proxy

/// What operators write.
extension FuzzTarget {
    private static let configWords = [
        "{", "}", ";", "\"", "'", "\\", "$", "${", "}", "#", "\n", "\r\n", " ", "(", ")", "~", "~*", "^~",
        "=",
        "@", "*", "\u{FEFF}", "ä", "include ", "on", "off", "-1", "0", "99999999999999999999", "1k", "1s",
        "unix:", "[", "[::]", "$1", "http {", "server {", "location / {", "if ($x) {", "map $a $b {",
    ]

    private final class OneFile: SourceFiles {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        func read(_ path: String) throws(ConfigError) -> [UInt8] {
            guard path == "/conf/t.conf" else { throw ConfigError("open() \"\(path)\" failed") }
            return bytes
        }
        func glob(_ pattern: String) -> [String] { [] }
    }

    /// The language: a file is read, or refused with a place.
    static let configuration = FuzzTarget(name: "configuration", words: configWords) { input, _ in
        let parser = ConfigParser(files: OneFile(input.bytes), directory: "/conf")
        do throws(ConfigError) {
            _ = try parser.read(path: "/conf/t.conf").checked()
        } catch {
            try hold(error.location != nil && !error.message.isEmpty, "refused without a place: \(error)")
        }
        _ = ConfigParser.lastStatement(named: "pid", in: input.bytes)
    }

    /// All of it: a configuration is loaded, or refused with a word.
    static let directives = FuzzTarget(name: "directives", words: configWords) { input, _ in
        do throws(ConfigError) {
            try load(input.bytes)
        } catch {
            try hold(!error.message.isEmpty, "refused without a word")
        }
    }

    /// Loads a configuration; nothing is opened or bound.
    static func load(_ bytes: [UInt8]) throws(ConfigError) {
        let text = String(decoding: bytes, as: UTF8.self)
        let request = LoadRequest(
            prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
            builtIn: BuiltInConfiguration(name: "t.conf", text: text))
        _ = try Configuration.load(request)
    }

    /// A pattern, and in the lines behind it its subject: both ways to match agree, within their bound.
    static let pattern = FuzzTarget(
        name: "pattern",
        words: [
            "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?<a>", "(?i)", "(?|", "[", "]", "[^", "-",
            "\\",
            "\\b", "\\K", "\\1", "\\d", "\\w", "\\x{41}", "\\Q", "\\E", "\\p{L}", "[:alpha:]", "*", "+", "?",
            "*+",
            "{2}", "{1,}", "{0,9999}", "|", "^", "$", ".", "\\R", "\\A", "\\z", "\n", "a", "aaaa",
        ]
    ) { input, random in
        let parts = input.bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        let isCaseless = random.flip()
        guard let source = parts.first,
            let pattern = try? Pattern(Array(source), caseless: isCaseless)
        else { return }
        input.fill(Array(parts.dropFirst().first ?? []))
        let memory = PatternMemory()
        memory.stepsMax = 100_000
        var captures = PatternCaptures()
        let (whether, verdict) = input.buffer.withReadable { subject in
            (pattern.matches(subject, memory), pattern.match(subject, memory, into: &captures))
        }
        guard whether != .limitExceeded, verdict != .limitExceeded else { return }
        try hold(whether == verdict, "matches: \(whether), match: \(verdict)")
        guard verdict == .match else { return }
        for group in 0..<captures.count {
            guard let range = captures[group] else { continue }
            try hold(range.upperBound <= input.bytes.count, "group \(group) ends at \(range.upperBound)")
        }
    }
}
