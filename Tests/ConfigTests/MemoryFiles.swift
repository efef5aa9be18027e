import Config

/// Files that exist only in a test.
final class MemoryFiles: SourceFiles {
    private let contents: [String: [UInt8]]
    private(set) var opened: [String] = []

    init(_ contents: [String: String] = [:]) {
        self.contents = contents.mapValues { Array($0.utf8) }
    }

    func read(_ path: String) throws(ConfigError) -> [UInt8] {
        opened.append(path)
        guard let bytes = contents[path] else {
            throw ConfigError("open() \"\(path)\" failed (2: No such file or directory)")
        }
        return bytes
    }

    /// Knows `*` at the end of a pattern only.
    func glob(_ pattern: String) -> [String] {
        contents.keys.filter { $0.hasPrefix(pattern.prefix { $0 != "*" }) }.sorted()
    }
}

/// Parses `text` as the file `/conf/t.conf`.
func parse(_ text: String, files: [String: String] = [:]) throws(ConfigError) -> [Statement] {
    try ConfigParser(files: MemoryFiles(files), directory: "/conf").parse(text: text, name: "/conf/t.conf")
}

/// What is wrong with `text`, or `nil`.
func problem(in text: String, files: [String: String] = [:]) -> String? {
    do throws(ConfigError) {
        _ = try parse(text, files: files)
        return nil
    } catch {
        return error.bare
    }
}

/// What `body` throws first, as text.
func problem(_ body: () throws(ConfigError) -> Void) -> String? {
    do throws(ConfigError) {
        try body()
        return nil
    } catch {
        return error.bare
    }
}

extension ConfigError {
    /// The first error as nginx says it: what to do about it is left out.
    fileprivate var bare: String { location.map { "\(message) in \($0)" } ?? message }
}

/// Any statement, for errors to point at.
let anyStatement = Statement(
    words: ["set"], block: nil, location: SourceLocation(file: "/conf/t.conf", line: 7))
