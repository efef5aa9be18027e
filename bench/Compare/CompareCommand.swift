import CLinux
import Glibc
import Net

/// `portico-bench compare`: the same job for several servers, in turns.
enum CompareCommand {
    struct Options {
        var scenarios: [String] = []
        var rounds = 5
        var seconds = 3
        var portico = ""
        var isJSON = false
        /// The contestants have a core of their own, and everything else the others.
        var isPinned = cores >= 4
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    static var help: String {
        """
        portico-bench compare [--rounds N] [--seconds N] [--portico PATH] [--[no-]pin] [--json] SCENARIO …

        Starts a canned gateway and Portico, nginx and HAProxy (those that are installed) with twin
        configurations, one worker each, and gives them the same job in turns. Prints microseconds of CPU
        that the worker used for a request (user, system), requests a second, p50 and p99, and the ratio
        to nginx with its spread over the rounds. There is no ratio if a run had errors, and the exit
        status is 1 then. The servers have a core of their own where there are four or with --pin.
        A SCENARIO is a file as in bench/scenarios.
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.isEmpty {
            Output.print(help)
            return words.isEmpty ? 2 : 0
        }
        do {
            let options = try parse(words)
            // The gateway and the generators inherit it.
            if options.isPinned, cores > 1 { _ = portico_set_affinity((1 << UInt(min(cores, 63))) - 2) }
            var results: [ComparisonResult] = []
            for path in options.scenarios {
                let result = try Comparison(try Scenario(path: path), options).run()
                if !options.isJSON { Output.write(result.text) }
                results.append(result)
            }
            if options.isJSON { Output.print("[" + results.map(\.json).joined(separator: ",\n") + "]") }
            return results.contains(where: \.hasErrors) ? 1 : 0
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    private static func parse(_ words: [String]) throws(LoadOptions.Complaint) -> Options {
        var options = Options()
        options.portico = ownFolder + "/portico"
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": options.isJSON = true
            case "--pin": options.isPinned = true
            case "--no-pin": options.isPinned = false
            case "--rounds", "--seconds", "--portico":
                guard let value = rest.popFirst() else {
                    throw LoadOptions.Complaint(text: "\(word) needs a value")
                }
                if word == "--portico" {
                    options.portico = value
                    continue
                }
                guard let number = Int(value), number > 0 else {
                    throw LoadOptions.Complaint(text: "\(word) is a number above 0")
                }
                if word == "--rounds" { options.rounds = number } else { options.seconds = number }
            case let path where path.hasPrefix("-"):
                throw LoadOptions.Complaint(text: "there is no option \(path)")
            default: options.scenarios.append(word)
            }
        }
        guard access(options.portico, X_OK) == 0 else {
            throw LoadOptions.Complaint(text: "\"\(options.portico)\" cannot be run; name it with --portico")
        }
        return options
    }

    /// The folder of this very program.
    static var ownFolder: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
}
