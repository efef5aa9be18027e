internal import Config
internal import Proxy

/// How `lint` tells what it has found.
enum LintFormat: Equatable, Sendable {
    case text, json, sarif
    /// The rules themselves.
    case rules
}

/// `portico lint`: what loads and is still likely wrong.
extension Program {
    /// - Returns: 0: nothing was found; 2: something was; 1: the configuration cannot be loaded.
    func lint(_ format: LintFormat, _ options: CommandLineOptions) -> Int32 {
        if format == .rules {
            print(Linter.rules)
            return 0
        }
        do {
            let linter = try Linter(loadRequest(options))
            for complaint in linter.complaints { standardError("portico: [warn] \(complaint)\n") }
            switch format {
            case .json: print(linter.json)
            case .sarif: print(linter.sarif)
            case .text, .rules: if !linter.isClean { print(linter.text) }
            }
            return linter.isClean ? 0 : 2
        } catch {
            for line in error.lines { _ = fail(line) }
            return 1
        }
    }
}
