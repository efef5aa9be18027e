import CLinux
import Glibc
import Proxy

extension MicroPieces {
    /// What is done for a request between its head and its log line.
    static var exchanges: [MicroPiece] {
        let plain = "proxy_pass http://127.0.0.1:8000;"
        let told = """
            proxy_pass http://127.0.0.1:8000;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            """
        guard let bare = exchange(plain, from: "chrome"), let browser = exchange(told, from: "chrome"),
            let curl = exchange(told, from: "curl")
        else { return [] }
        return [
            piece("route") { browser.route() },
            piece("rewrite-request/chrome/default") { bare.rewriteRequest() },
            piece("rewrite-request/chrome/set-header") { browser.rewriteRequest() },
            piece("rewrite-request/curl/set-header") { curl.rewriteRequest() },
            piece("rewrite-response") { browser.rewriteResponse() },
            piece("log-line/combined") { browser.logLine() },
        ]
    }

    private static func piece(_ name: String, _ body: @escaping () -> Int) -> MicroPiece {
        MicroPiece(name: name) { count in
            var sum = 0
            for _ in 0..<count { sum &+= body() }
            return sum
        }
    }

    private static func exchange(_ location: String, from client: String) -> ExchangePieces? {
        guard let request = SampleHeads.requests.first(where: { $0.name == client })?.text,
            let response = SampleHeads.responses.last?.text
        else { return nil }
        // A worker blocks the signals that it reads; here they are to end the program.
        var mask = sigset_t()
        sigprocmask(SIG_SETMASK, nil, &mask)
        defer { sigprocmask(SIG_SETMASK, &mask, nil) }
        return try? ExchangePieces(location: location, requestHead: request, responseHead: response)
    }
}
