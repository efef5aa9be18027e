package import Foundation

/// A directory of a test's own, removed when the test lets go of it.
///
/// All paths have the same length, so texts that contain one stay comparable.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        let template = FileManager.default.temporaryDirectory.path + "/portico-test-XXXXXX"
        var name = Array(template.utf8CString)
        guard mkdtemp(&name) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The workers may run as another user and must be able to walk in.
        chmod(path, 0o755)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file (making its folders), readable by all, with a fixed time of change so that
    /// entity tags made from it are the same in every run.
    @discardableResult
    package func write(_ contents: some Sequence<UInt8>, to name: String, mode: mode_t = 0o644) throws
        -> String
    {
        let file = file(name)
        let folder = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(contents).write(to: URL(fileURLWithPath: file))
        chmod(file, mode)
        let stamp = timeval(tv_sec: 1_700_000_000, tv_usec: 0)
        utimes(file, [stamp, stamp])
        return file
    }

    /// Writes a text.
    @discardableResult
    package func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    /// The path of a file in it.
    package func file(_ name: String) -> String { path + "/" + name }

    /// The file's text, empty when there is no such file.
    package func read(_ name: String) -> String {
        guard let data = FileManager.default.contents(atPath: file(name)) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
