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
        /// What runs in the place of a server's usual program, by the server's name.
        var binaries: [String: String] = [:]
        var isJSON = false
        /// The contestants have a core of their own, and everything else the others.
        var isPinned = cores >= 4
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    static var help: String {
        """
        portico-bench compare [--rounds N] [--seconds N] [--portico PATH] [--[no-]pin] [--json]
                              [--binary SERVER=PATH] SCENARIO …

        Starts a canned gateway and Portico, nginx, HAProxy and H2O (those that are installed) with twin
        configurations, and gives them the same job in turns. Prints microseconds of CPU that the workers
        used for a request (user, system), requests a second, p50 and p99, memory, and the ratio to nginx
        with its spread over the rounds. There is no ratio if a run had errors, and the exit status is 1
        then. The servers have cores of their own where there are four or with --pin.
        --binary runs something else under a server's name: an older build, say.
        A SCENARIO is a file as in bench/scenarios, with these words:

          title TEXT          load WORDS…          of "portico-bench load", without the URL
          load-of SERVER WORDS…                    the same for one of the servers alone
          scheme http|https   path PATH            what is asked for
          file NAME BYTES                          a text in the servers' {folder}
          gateway WORDS…                           of "portico-bench gateway", without the port
          portico|nginx|haproxy|h2o[-NAME] FILE    a server with its configuration; one program may stand
                                                   there several times, each with another NAME
          baseline SERVER                          whom ratios are to (nginx)
          measure cpu|rate|p99|memory              what of (CPU)
          cores N                                  that servers have, where they have cores of their own (1)
          fraction PART                            open loop at a part of what the baseline can do; compares p99
          idle N              beside N             idle connections: what each takes, or beside the load
          repeat WORD COUNT TEXT                   stands for {WORD} in configurations
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.isEmpty {
            Output.print(help)
            return words.isEmpty ? 2 : 0
        }
        do {
            let options = try parse(words)
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
            case "--rounds", "--seconds", "--portico", "--binary":
                guard let value = rest.popFirst() else {
                    throw LoadOptions.Complaint(text: "\(word) needs a value")
                }
                try take(word, value, &options)
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

    private static func take(
        _ word: String, _ value: String, _ options: inout Options
    ) throws(LoadOptions.Complaint) {
        switch word {
        case "--portico": options.portico = value
        case "--binary":
            let parts = value.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, access(parts[1], X_OK) == 0 else {
                throw LoadOptions.Complaint(text: "--binary is SERVER=PATH of what can be run")
            }
            options.binaries[parts[0]] = parts[1]
        default:
            guard let number = Int(value), number > 0 else {
                throw LoadOptions.Complaint(text: "\(word) is a number above 0")
            }
            if word == "--rounds" { options.rounds = number } else { options.seconds = number }
        }
    }

    /// The folder of this very program.
    static var ownFolder: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
}
