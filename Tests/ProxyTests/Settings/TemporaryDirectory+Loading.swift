import Config
import Foundation
import TestSupport

@testable import Proxy

extension TemporaryDirectory {
    func write(_ name: String, _ text: String) throws { try write(text, to: name) }

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
            return error.lines.first
        }
    }

    /// Runs a program in the folder.
    /// - Returns: its status and what it wrote to standard error.
    func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, errors: String) {
        let run = try Program.run(
            "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", path, program] + arguments, in: self, within: 60)
        guard case .exited(let status) = run.ending else { throw HarnessError("\(program): \(run.ending)") }
        return (status, run.errors)
    }
}
