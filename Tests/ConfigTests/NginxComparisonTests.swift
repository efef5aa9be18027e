import Config
import Foundation
import TestSupport
import Testing

private enum InstalledNginx {
    static let path = "/usr/sbin/nginx"
    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }
}

/// Asks the real nginx, where one is installed, about the same files.
@Suite("Beside nginx", .enabled(if: InstalledNginx.isThere), .serialized)
struct NginxComparisonTests {
    /// What `nginx -t` complains about, its folder written as `/conf`; `nil`: nothing.
    private func verdict(_ bytes: [UInt8]) throws -> String? {
        let folder = try TemporaryDirectory()
        let file = try folder.write(bytes, to: "t.conf")
        let output = try Program.run(
            InstalledNginx.path, ["-t", "-p", folder.path, "-c", file], in: folder, within: 60
        ).errors
        guard let mark = output.range(of: "[emerg] ") else { return nil }
        let end = output.range(of: "\nnginx: configuration file")?.lowerBound ?? output.endIndex
        let message = output[mark.upperBound..<end].split(separator: ": ", maxSplits: 1).last ?? ""
        return message.replacingOccurrences(of: folder.path, with: "/conf")
            .trimmingCharacters(in: .newlines)
    }

    @Test(
        "the words and the line of an error are the same",
        arguments: Samples.unreadable + Samples.misplaced + Samples.invalid)
    func sameError(text: String, message: String) throws {
        #expect(try verdict(Array(text.utf8)) == message)
    }

    @Test("a word means the same", arguments: Samples.includes)
    func sameWord(written: String, meant: String) throws {
        let path = meant.hasPrefix("//") ? String(meant.dropFirst()) : "/conf/\(meant)"
        let found = try verdict(Array("events{}\ninclude \(written);".utf8))
        #expect(
            found?.hasPrefix("open() \"\(path)\" failed (2: No such file or directory) in /conf/t.conf:")
                == true)
    }

    /// nginx reports the first error of any kind. Here errors of the language come first, then those of
    /// form, then those of values; so an error is compared where nothing of an earlier kind follows it.
    @Test("broken files are found broken in the same words at the same line")
    func sameVerdict() throws {
        var mutations = Mutations(seed: 23)
        var compared = 0
        for _ in 0..<NginxComparisonTests.mutationCount {
            let bytes = mutations.next()
            guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { continue }
            guard !text.contains("\u{FEFF}"), !text.contains("include") else { continue }
            let theirs = try verdict(bytes)
            let unreadable = problem(in: text)
            guard let theirs else {
                compared += 1
                #expect(unreadable == nil, "\(text)")
                continue
            }
            if NginxComparisonTests.isOfLanguage(theirs) {
                compared += 1
                #expect(unreadable == theirs, "\(text)")
            } else if unreadable == nil, NginxComparisonTests.isOfForm(theirs) {
                compared += 1
                let ours = problem { () throws(ConfigError) in _ = try configured(text) }
                #expect(ours.map(NginxComparisonTests.withoutHint) == theirs, "\(text)")
            }
        }
        #expect(compared > 0)
    }

    /// A block within a `map` is an error of form to us.
    private static func isOfLanguage(_ message: String) -> Bool {
        message.hasPrefix("unexpected") && !message.hasPrefix("unexpected \"{\"")
            || message.hasPrefix("too long")
    }

    private static func isOfForm(_ message: String) -> Bool {
        ["unexpected", "unknown directive", "directive \"", "invalid number of arguments"]
            .contains { message.hasPrefix($0) }
            || message.contains("\" directive is duplicate") || message.contains("is not allowed here")
    }

    private static func withoutHint(_ message: String) -> String {
        guard let begin = message.range(of: "\", did you mean") ?? message.range(of: "\", the nearest name")
        else {
            return message
        }
        guard let end = message.range(of: " in /conf/") else { return message }
        return message[..<begin.lowerBound] + "\"" + message[end.lowerBound...]
    }

    private static var mutationCount: Int {
        ProcessInfo.processInfo.environment["CONFIG_MUTATIONS"].flatMap(Int.init) ?? 40
    }
}
