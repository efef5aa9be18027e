import Net

/// What is measured: a job, and a configuration for each server that is to do it. A file of lines
/// `word value`; `#` begins a comment.
struct Scenario {
    let name: String
    let folder: String
    private(set) var title = ""
    /// The words of `portico-bench load`, but for the URL.
    private(set) var load: [String] = []
    private(set) var scheme = "http"
    private(set) var path = "/"
    /// The words of `portico-bench gateway`, but for the port.
    private(set) var gateway: [String] = []
    /// Connections that are opened and left idle, to see what they cost; 0: requests are measured.
    private(set) var idle = 0
    /// Connections that are opened and left idle while requests are measured.
    private(set) var beside = 0
    /// The part of what nginx can do at most that comes in an open loop; `nil`: the load says.
    private(set) var fraction: Double?
    /// Text that configurations have in the place of a word in braces.
    private(set) var repeated: [(word: String, text: String)] = []
    /// The configuration of each server, by its name.
    private(set) var configurations: [String: String] = [:]

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
            case "scheme": scheme = rest.first ?? "http"
            case "path": path = rest.first ?? "/"
            case "gateway": gateway = rest
            case "idle": idle = rest.first.flatMap { Int($0) } ?? 0
            case "beside": beside = rest.first.flatMap { Int($0) } ?? 0
            case "fraction": fraction = rest.first.flatMap { Double($0) }
            case "repeat":
                guard rest.count > 2, let count = Int(rest[1]), 0...100_000 ~= count else {
                    throw LoadOptions.Complaint(
                        text: "\(file):\(number + 1) is not \"repeat WORD COUNT TEXT\"")
                }
                let text = rest.dropFirst(2).joined(separator: " ")
                let lines = (0..<count).map { text.replacing("{index}", with: "\($0)") }
                repeated.append((rest[0], lines.joined(separator: "\n")))
            case "portico", "nginx", "haproxy": configurations[word] = rest.first ?? ""
            default: throw LoadOptions.Complaint(text: "\"\(word)\" in \(file):\(number + 1) is not known")
            }
        }
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
