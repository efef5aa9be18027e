import Config
import Foundation

@testable import Proxy

/// A folder of a test's own, removed with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory().trimmingSuffix("/") + "/portico-settings-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func load(_ name: String) throws(ConfigError) -> Configuration {
        try Configuration.load(
            LoadRequest(
                prefix: path, path: name, globalDirectives: "", errorLogPath: "stderr",
                builtIn: BuiltInConfiguration(name: "conf/portico.conf", text: "")))
    }

    /// Why a file is refused, with the place; `nil`: it loads.
    func error(_ name: String) -> String? {
        do throws(ConfigError) {
            _ = try load(name)
            return nil
        } catch {
            return error.description
        }
    }

    /// Runs a program in the folder.
    /// - Returns: its status and what it wrote to standard error.
    func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let bytes = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
