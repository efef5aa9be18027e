import Glibc
import Net

/// `portico-fuzz`: gives parsers what nobody in earnest would send.
struct FuzzCommand {
    static let help = """
        portico-fuzz [--seconds N] [--seed N] [--corpus FOLDER] [--input FILE] [TARGET …]

        Gives each target the inputs of its folder in the corpus, then mutations of them for N seconds (10).
        A target runs in a process of its own. An input that it does not take well is left in this folder as
        fuzz-TARGET.input, and makes the exit status 1: put it into the corpus when it is mended. --input
        gives a target one file alone.

        For hours:  swift run -c release portico-fuzz --seconds 3600
        """

    private var seconds = 10
    private var seed = UInt64(truncatingIfNeeded: Int(time(nil)))
    private var corpus = Corpus(folder: Corpus.folder)
    private var file: String?
    private var targets: [FuzzTarget] = []

    /// - Throws: what is wrong with the words.
    init(_ words: [String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                guard let target = FuzzTarget.all.first(where: { $0.name == word }) else {
                    let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
                    throw Broken(description: "there is no target \"\(word)\"; there are \(names)")
                }
                targets.append(target)
                continue
            }
            guard let value = rest.popFirst() else { throw Broken(description: "\(word) needs a value") }
            try take(word, value)
        }
        if targets.isEmpty { targets = FuzzTarget.all }
    }

    private mutating func take(_ option: String, _ value: String) throws {
        switch option {
        case "--corpus": corpus = Corpus(folder: value)
        case "--input": file = value
        case "--seconds":
            guard let number = Int(value), number >= 0 else {
                throw Broken(description: "\"\(value)\" is no number of seconds")
            }
            seconds = number
        case "--seed":
            guard let number = UInt64(value) else { throw Broken(description: "\"\(value)\" is no seed") }
            seed = number
        default: throw Broken(description: "there is no option \(option)")
        }
    }

    /// - Returns: the exit status.
    func run() throws -> Int32 {
        FuzzCommand.say("seed \(seed)")
        var status: Int32 = 0
        for target in targets {
            var process = FuzzProcess(
                target: target, corpus: corpus.inputs(of: target).map(\.bytes), seed: seed, seconds: seconds)
            if let file {
                process = FuzzProcess(
                    target: target, corpus: [try FileAccess.readWhole(file)], seed: seed, seconds: 0)
            }
            switch process.run() {
            case .passed(let inputs): FuzzCommand.say("\(target.name): \(inputs) inputs")
            case .failed(let why, let input):
                let path = "fuzz-\(target.name).input"
                try FileAccess.replace(path, with: input)
                FuzzCommand.complain("\(target.name): \(why): \(path), \(input.count) bytes")
                status = 1
            }
        }
        return status
    }

    static func say(_ text: String) { write(text, to: 1) }

    static func complain(_ text: String) { write("portico-fuzz: \(text)", to: 2) }

    private static func write(_ text: String, to fd: Int32) {
        let bytes = Array("\(text)\n".utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
    }
}
