import Net

/// What the words of `portico-bench load` ask for.
struct LoadOptions {
    enum Format: String { case text, json, csv }

    /// A path that is asked for, and how often beside the others.
    struct Target {
        var path: String
        var weight: Int
    }

    var scheme = "http"
    var host = ""
    var port: UInt16 = 80
    var targets: [Target] = []
    var connections = 10
    var threads = 1
    var durationMs = 10_000
    /// `durationMs` was asked for.
    var hasDuration = false
    var requests: Int?
    var warmupMs = 0
    /// Requests a second in all; `nil`: closed loop.
    var rate: Double?
    var pipeline = 1
    /// HTTP/2: by ALPN, or by prior knowledge where there is no TLS.
    var speaksHTTP2 = false
    /// Requests under way on a connection of HTTP/2.
    var streams = 1
    /// What each connection of HTTP/2 loads again and again beside the requests that are measured.
    var download: String?
    /// What a server of HTTP/2 may send before it is told to go on, in bytes.
    var window = HTTP2Client.windowMax
    var keepsAlive = true
    var resumes = false
    var tls = TLSClientSettings()
    var method = "GET"
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var timeoutMs = 10_000
    var format = Format.text
    var maxP50Us: Int64?
    var maxP99Us: Int64?
    var maxP999Us: Int64?
    var maxErrors: Int?
    var minRate: Double?
    var isQuiet = false
    /// Each request says which it is.
    var isNumbered = false

    /// The clock ends it, and not only the number of requests.
    var isBounded: Bool { requests == nil || hasDuration }
    var isTLS: Bool { scheme == "https" }
    /// Host and, unless it is the usual one, port.
    var authority: String { Int(port) == (isTLS ? 443 : 80) ? host : "\(host):\(port)" }

    /// Something on the command line that cannot be obeyed.
    struct Complaint: Error {
        let text: String
    }

    static var help: String {
        """
        portico-bench load [options] URL[@WEIGHT] …

        Sends requests to one origin over HTTP/1.1 or HTTP/2 and reports how it did. Several URLs of the same
        origin are asked for in the proportion of their weights.

          -c, --connections N    connections in all (10)
          -t, --threads N        generating processes, each with its share of connections (1)
          -d, --duration TIME    how long: 500ms, 10s, 2m (10s)
          -n, --requests N       ends after so many requests; and no later than -d says, if it is given
              --warmup TIME      first, without being measured (0)
          -r, --rate N           open loop: so many requests a second, whether answers come or not; latency counts
                                 from when a request was due, and a request that has no answer when the wait is
                                 over counts with the time that it waited. Without it the loop is closed: each
                                 connection sends when it has its answer.
              --pipeline N       requests under way on a connection of HTTP/1.1 (1)
              --h2               HTTP/2: by ALPN, or by prior knowledge where the URL is http
          -m, --streams N        requests under way on a connection of HTTP/2 (1)
              --download PATH    each connection of HTTP/2 also loads this, again and again; it is not measured
              --window BYTES     what an HTTP/2 server may send before it is told to go on (1 GiB)
              --close            a new connection for each request
              --resume           new TLS connections resume the session of an earlier one
              --tls VERSION      1.2 or 1.3 only
              --ciphers LIST     cipher suites of TLS 1.2, as OpenSSL names them
          -X, --method METHOD    (GET; POST where there is a body)
          -H, --header "N: V"    a field; may be given again
              --browser          the fields that a browser sends
              --field-bytes N    fields of N bytes in all, 200 bytes each
              --body FILE        content of each request
              --body-size N      content of N bytes
              --number           each request has a field X-Request-Number of its own
              --timeout TIME     longest wait for an answer (10s)
          -o, --format FORMAT    text, json or csv (text)
          -q, --quiet            no progress line

        Thresholds; the exit status is 1 if one is missed, 2 if nothing could be measured:
              --max-p50 TIME  --max-p99 TIME  --max-p999 TIME  --max-errors N  --min-rate N

        Ctrl-C ends it early, with the report.
        """
    }

    init(_ words: [String]) throws(Complaint) {
        var rest = words[...]
        var urls: [String] = []
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else {
                urls.append(word)
                continue
            }
            if try takeFlag(word) { continue }
            guard let value = rest.popFirst() else { throw Complaint(text: "\(word) needs a value") }
            try take(word, value)
        }
        guard !urls.isEmpty else { throw Complaint(text: "which URL?") }
        for url in urls { try addURL(url) }
        if method == "GET" && !body.isEmpty { method = "POST" }
        threads = min(threads, connections)
        try settleProtocol()
    }

    private mutating func settleProtocol() throws(Complaint) {
        guard speaksHTTP2 else {
            guard streams == 1, download == nil, window == HTTP2Client.windowMax else {
                throw Complaint(text: "--streams, --download and --window are for --h2")
            }
            return
        }
        guard pipeline == 1 else { throw Complaint(text: "--h2 has --streams, and no --pipeline") }
        tls.alpn = ["h2"]
    }

    private mutating func takeFlag(_ word: String) throws(Complaint) -> Bool {
        switch word {
        case "--close": keepsAlive = false
        case "--resume": resumes = true
        case "-q", "--quiet": isQuiet = true
        case "--number": isNumbered = true
        case "--h2": speaksHTTP2 = true
        case "--browser": headers += LoadOptions.browserFields
        default: return false
        }
        return true
    }

    private mutating func take(_ word: String, _ value: String) throws(Complaint) {
        switch word {
        case "-c", "--connections": connections = try LoadOptions.number(word, value, 1...100_000)
        case "-t", "--threads": threads = try LoadOptions.number(word, value, 1...256)
        case "-d", "--duration":
            durationMs = Int(try LoadOptions.time(word, value) / 1000)
            hasDuration = true
        case "-n", "--requests": requests = try LoadOptions.number(word, value, 1...Int.max)
        case "--warmup": warmupMs = Int(try LoadOptions.time(word, value) / 1000)
        case "-r", "--rate": rate = try LoadOptions.positive(word, value)
        case "--pipeline": pipeline = try LoadOptions.number(word, value, 1...1000)
        case "-m", "--streams": streams = try LoadOptions.number(word, value, 1...1000)
        case "--download":
            guard value.hasPrefix("/") else { throw Complaint(text: "--download is a path") }
            download = value
        case "--window": window = try LoadOptions.number(word, value, 65_535...HTTP2Client.windowMax)
        case "--ciphers": tls.ciphers = value
        case "--tls":
            switch value {
            case "1.2": tls.protocols = .tls12
            case "1.3": tls.protocols = .tls13
            default: throw Complaint(text: "--tls is 1.2 or 1.3")
            }
        case "-X", "--method":
            guard !value.isEmpty, value.utf8.allSatisfy({ 0x41...0x5A ~= $0 || $0 == 0x2D }) else {
                throw Complaint(text: "--method is a word such as PUT, and not \"\(value)\"")
            }
            method = value
        case "-H", "--header": try addHeader(value)
        case "--field-bytes":
            let count = try LoadOptions.number(word, value, 0...(1 << 20)) / 200
            headers += (0..<count).map { ("X-Field-\($0)", String(repeating: "v", count: 186)) }
        case "--body":
            guard let text = try? FileAccess.readWhole(value) else {
                throw Complaint(text: "\"\(value)\" cannot be read")
            }
            body = text
        case "--body-size":
            body = [UInt8](
                repeating: UInt8(ascii: "x"), count: try LoadOptions.number(word, value, 0...(1 << 30)))
        case "--timeout": timeoutMs = Int(try LoadOptions.time(word, value) / 1000)
        case "-o", "--format":
            guard let known = Format(rawValue: value) else {
                throw Complaint(text: "--format is text, json or csv")
            }
            format = known
        default: try takeThreshold(word, value)
        }
    }

    /// Ten fields, as browsers send them.
    private static var browserFields: [(name: String, value: String)] {
        [
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", "en-US,en;q=0.5"), ("Accept-Encoding", "gzip, deflate, br, zstd"),
            ("Referer", "https://www.example.org/some/page/before.html?of=this&site=1"),
            (
                "Cookie",
                "session=0af7651916cd43dd8448eb211c80319c; theme=dark; consent=1; _ga=GA1.2.1234567.1234567"
            ),
            ("Upgrade-Insecure-Requests", "1"), ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "same-origin"), ("Priority", "u=0, i"),
        ]
    }

    private mutating func takeThreshold(_ word: String, _ value: String) throws(Complaint) {
        switch word {
        case "--max-p50": maxP50Us = try LoadOptions.time(word, value)
        case "--max-p99": maxP99Us = try LoadOptions.time(word, value)
        case "--max-p999": maxP999Us = try LoadOptions.time(word, value)
        case "--max-errors": maxErrors = try LoadOptions.number(word, value, 0...Int.max)
        case "--min-rate": minRate = try LoadOptions.positive(word, value)
        default: throw Complaint(text: "there is no option \(word); try \"portico-bench load --help\"")
        }
    }

    private mutating func addHeader(_ text: String) throws(Complaint) {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex,
            !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw Complaint(text: "a header is \"name: value\", and not \"\(text)\"") }
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        headers.append((String(text[..<colon]), String(value)))
    }

    private mutating func addURL(_ text: String) throws(Complaint) {
        var url = text[...]
        var weight = 1
        if let at = url.lastIndex(of: "@"), let number = Int(url[url.index(after: at)...]), number > 0 {
            weight = number
            url = url[..<at]
        }
        let invalid = Complaint(text: "\"\(text)\" is not http://host[:port]/path")
        guard let colon = url.firstRange(of: "://") else { throw invalid }
        let scheme = String(url[..<colon.lowerBound])
        guard scheme == "http" || scheme == "https" else { throw invalid }
        let rest = url[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        var path = String(rest.dropFirst(authority.count))
        if !path.hasPrefix("/") { path = "/" + path }
        guard !path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { throw invalid }
        let (host, port) = try LoadOptions.split(authority, scheme, invalid)
        if targets.isEmpty { (self.scheme, self.host, self.port) = (scheme, host, port) }
        guard scheme == self.scheme, host == self.host, port == self.port else {
            throw Complaint(text: "\"\(text)\" has another origin than the first URL")
        }
        targets.append(Target(path: path, weight: weight))
    }

    private static func split(
        _ authority: Substring, _ scheme: String, _ invalid: Complaint
    ) throws(Complaint) -> (String, UInt16) {
        let usual: UInt16 = scheme == "https" ? 443 : 80
        let (host, port) = HostAndPort.split(String(authority))
        guard let number = port.map({ UInt16($0) }) ?? usual, number > 0, !host.isEmpty else {
            throw invalid
        }
        return (String(host), number)
    }

    // MARK: Values

    private static func number(_ word: String, _ value: String, _ range: ClosedRange<Int>) throws(Complaint)
        -> Int
    {
        guard let number = Int(value), range.contains(number) else {
            throw Complaint(text: "\(word) is a number from \(range.lowerBound) on, and not \"\(value)\"")
        }
        return number
    }

    private static func positive(_ word: String, _ value: String) throws(Complaint) -> Double {
        guard let number = Double(value), number > 0, number < 1e9 else {
            throw Complaint(text: "\(word) is a number above 0, and not \"\(value)\"")
        }
        return number
    }

    /// Microseconds.
    static func time(_ word: String, _ value: String) throws(Complaint) -> Int64 {
        let units: [(String, Double)] = [
            ("us", 1), ("ms", 1000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3.6e9),
        ]
        for (unit, scale) in units where value.hasSuffix(unit) {
            guard let number = Double(value.dropLast(unit.count)), number >= 0, number * scale < 1e15 else {
                continue
            }
            return Int64(number * scale)
        }
        throw Complaint(text: "\(word) is a time such as 500us, 5ms or 10s, and not \"\(value)\"")
    }
}
