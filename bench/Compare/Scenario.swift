import Glibc
import Net

/// What is measured: a job, and a configuration for each server that is to do it. A file of lines
/// `word value`; `#` begins a comment.
struct Scenario {
    let name: String
    let folder: String
    private(set) var title = ""
    /// The words of `portico-bench load`, but for the URL.
    private(set) var load: [String] = []
    /// The same for single servers, by name.
    private(set) var ownLoads: [String: [String]] = [:]
    private(set) var scheme = "http"
    private(set) var path = "/"
    /// The words of `portico-bench gateway`, but for the port.
    private(set) var gateway: [String] = []
    /// Files with text that servers find in their folder, by name and size.
    private(set) var files: [(name: String, size: Int)] = []
    /// Connections that are opened and left idle, to see what they cost; 0: requests are measured.
    private(set) var idle = 0
    /// Connections that are opened and left idle while requests are measured.
    private(set) var beside = 0
    /// What ratios compare; `nil`: memory if connections are idle, p99 with `fraction`, else CPU.
    private(set) var measure: Measure?
    /// Whose numbers the others' are divided by.
    private(set) var baseline = "nginx"
    /// Cores that each server has where servers and the rest are kept apart.
    private(set) var cores = 1
    /// The part of what the baseline can do at most that comes in an open loop; `nil`: the load says.
    private(set) var fraction: Double?
    /// Text that configurations have in the place of a word in braces.
    private(set) var repeated: [(word: String, text: String)] = []
    /// The servers in order, with the configuration of each. A name is a program's, or begins with one and a
    /// dash.
    private(set) var configurations: [(name: String, file: String)] = []

    /// What can be compared.
    enum Measure: String { case cpu, rate, p99, memory }

    /// What a name that is no word of its own may begin with.
    static let programs = ["nginx", "haproxy", "h2o", "portico"]

    init(path file: String) throws {
        guard let text = ProcessTimes.read(file) else {
            throw LoadOptions.Complaint(text: "\"\(file)\" cannot be read")
        }
        let parts = file.split(separator: "/", omittingEmptySubsequences: false)
        let last = parts.last.map(String.init) ?? file
        name = last.hasSuffix(".scenario") ? String(last.dropLast(9)) : last
        folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.prefix { $0 != "#" }
            let words = line.split(separator: " ").map(String.init)
            guard let word = words.first else { continue }
            let rest = Array(words.dropFirst())
            switch word {
            case "title": title = rest.joined(separator: " ")
            case "load": load = rest
            case "load-of": ownLoads[rest.first ?? ""] = Array(rest.dropFirst())
            case "scheme": scheme = rest.first ?? "http"
            case "path": path = rest.first ?? "/"
            case "gateway": gateway = rest
            case "file":
                guard rest.count == 2, !rest[0].contains("/"), let size = Int(rest[1]), size >= 0 else {
                    throw LoadOptions.Complaint(text: "\(file):\(number + 1) is not \"file NAME BYTES\"")
                }
                files.append((rest[0], size))
            case "idle": idle = rest.first.flatMap { Int($0) } ?? 0
            case "beside": beside = rest.first.flatMap { Int($0) } ?? 0
            case "fraction": fraction = rest.first.flatMap { Double($0) }
            case "repeat":
                guard rest.count > 2, let count = Int(rest[1]), 0...100_000 ~= count else {
                    throw LoadOptions.Complaint(
                        text: "\(file):\(number + 1) is not \"repeat WORD COUNT TEXT\"")
                }
                let text = rest.dropFirst(2).joined(separator: " ")
                let lines = (0..<count).map { index in
                    // The 65,536 networks of 256 addresses in 10.0.0.0/8.
                    text.replacing("{index}", with: "\(index)")
                        .replacing("{network}", with: "10.\(index >> 8 & 255).\(index & 255).0/24")
                }
                repeated.append((rest[0], lines.joined(separator: "\n")))
            case "measure":
                guard let known = rest.first.flatMap({ Measure(rawValue: $0) }) else {
                    throw LoadOptions.Complaint(
                        text: "\(file):\(number + 1) is not \"measure cpu\", \"rate\", \"p99\" or \"memory\"")
                }
                measure = known
            case "baseline": baseline = rest.first ?? ""
            case "cores": cores = rest.first.flatMap { Int($0) } ?? 1
            case let name where Scenario.program(of: name) != nil:
                configurations.append((name, rest.first ?? ""))
            default: throw LoadOptions.Complaint(text: "\"\(word)\" in \(file):\(number + 1) is not known")
            }
        }
        try check(file)
    }

    private func check(_ file: String) throws {
        let names = configurations.map(\.name)
        guard Set(names).count == names.count else {
            throw LoadOptions.Complaint(text: "\(file): a server stands there twice")
        }
        guard names.contains(baseline) || baseline == "nginx" else {
            throw LoadOptions.Complaint(text: "\(file): the baseline \"\(baseline)\" is no server of it")
        }
        for name in ownLoads.keys where !names.contains(name) {
            throw LoadOptions.Complaint(text: "\(file): \"load-of \(name)\" names no server of it")
        }
        guard cores > 0 else { throw LoadOptions.Complaint(text: "\(file): cores is a number above 0") }
    }

    /// The words of `portico-bench load` for a server.
    func load(of name: String) -> [String] { ownLoads[name] ?? load }

    /// The configuration of a server of this very name.
    func configuration(of name: String) -> String? { configurations.first { $0.name == name }?.file }

    /// Which program runs under a name: `portico-2` is Portico; `nil`: none.
    static func program(of name: String) -> String? {
        programs.first { name == $0 || (name.hasPrefix($0 + "-") && name.count > $0.count + 1) }
    }

    // MARK: What servers need

    /// A configuration with all that stands in braces filled in.
    func configuration(
        of file: String, name: String, port: UInt16, gateway: UInt16, in scratch: String
    ) throws -> String {
        guard let template = ProcessTimes.read(folder + "/" + file) else {
            throw LoadOptions.Complaint(text: "\"\(folder)/\(file)\" cannot be read")
        }
        let text = repeated.reduce(template) { $0.replacing("{\($1.word)}", with: $1.text) }
        return text.replacing("{port}", with: "\(port)").replacing("{gateway}", with: "127.0.0.1:\(gateway)")
            .replacing("{folder}", with: scratch).replacing("{name}", with: name)
            .replacing("{user}", with: Scenario.user)
    }

    /// Whom this process runs as.
    private static var user: String {
        getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "nobody"
    }

    /// What servers have to serve.
    func makeFiles(in folder: String) throws(LoadOptions.Complaint) {
        for (name, size) in files {
            let text = String(decoding: SampleText.bytes(size), as: UTF8.self)
            try ScratchFolder.write(text, to: folder + "/" + name)
        }
    }

    /// What TLS scenarios' servers present.
    func makeCertificate(in folder: String) throws {
        guard scheme == "https" else { return }
        do throws(TLSError) {
            let made = try TLSCertificate.selfSignedPEM(names: ["localhost", "127.0.0.1"])
            try? ScratchFolder.write(String(decoding: made.chain, as: UTF8.self), to: folder + "/server.crt")
            try? ScratchFolder.write(String(decoding: made.key, as: UTF8.self), to: folder + "/server.key")
            // HAProxy wants both in one file.
            try? ScratchFolder.write(
                String(decoding: made.chain + made.key, as: UTF8.self), to: folder + "/server.pem")
        } catch {
            throw LoadOptions.Complaint(text: error.message)
        }
    }
}
