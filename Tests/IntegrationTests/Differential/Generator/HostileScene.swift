import Foundation
import Synchronization
import TestSupport
import Testing

/// Portico between clients that know what they should get, and gateways that break every rule.
final class HostileScene {
    struct Report: CustomStringConvertible {
        var whole = 0
        var cut = 0
        var refused = 0
        var left = 0
        var faults: [String] = []

        var description: String {
            "\(whole) whole answers, \(cut) cut, \(refused) refused, \(left) that the client left"
        }

        mutating func add(_ other: Report) {
            whole += other.whole
            cut += other.cut
            refused += other.refused
            left += other.left
            faults += other.faults
        }
    }

    private static let clients = 4
    private let gateway: HostileGateway
    private let server: Server

    init() throws {
        gateway = try HostileGateway()
        let address = "127.0.0.1:\(gateway.port)"
        server = try Server(HostileScene.configuration.replacing("%HOSTILE%", with: address))
    }

    /// Every variable is evaluated for every request, whatever became of it.
    private static let variables = [
        "args", "binary_remote_addr", "body_bytes_sent", "bytes_sent", "connection", "connection_requests",
        "connection_time",
        "content_length", "content_type", "document_root", "document_uri", "host", "hostname", "http_cookie",
        "http_host", "http_referer",
        "http_user_agent", "http_x_forwarded_for", "https", "is_args", "limit_rate", "msec", "nginx_version",
        "pid", "pipe",
        "proxy_add_x_forwarded_for", "proxy_host", "proxy_port", "proxy_protocol_addr", "proxy_protocol_port",
        "proxy_reason", "query_string",
        "realip_remote_addr", "realip_remote_port", "realpath_root", "remote_addr", "remote_port",
        "remote_user", "request", "request_body",
        "request_completion", "request_filename", "request_id", "request_length", "request_method",
        "request_time", "request_uri", "scheme",
        "sent_http_connection", "sent_http_content_length", "sent_http_content_type", "sent_http_keep_alive",
        "sent_http_last_modified",
        "sent_http_location", "sent_http_transfer_encoding", "sent_http_x_id", "sent_http_set_cookie",
        "server_addr", "server_name", "server_port", "server_protocol", "ssl_cipher",
        "ssl_client_s_dn", "ssl_protocol", "ssl_server_name", "status", "tcpinfo_rtt", "time_iso8601",
        "time_local", "upstream_addr",
        "upstream_bytes_received", "upstream_bytes_sent", "upstream_connect_time", "upstream_header_time",
        "upstream_response_length",
        "upstream_response_time", "upstream_status", "uri", "upstream_http_x_id", "upstream_http_set_cookie",
        "upstream_http_content_type",
        "upstream_http_content_length", "upstream_http_location", "upstream_http_x_f7", "upstream_cookie_c",
        "arg_s", "cookie_c", "http_x_id",
    ]

    private static var configuration: String {
        let all = variables.map { "\($0)=$\($0)" }.joined(separator: " ")
        return """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { worker_connections 512; }
            http {
                %TEMP_PATHS%
                log_format all '$http_x_id|$upstream_http_x_id|$upstream_cookie_c|$sent_http_x_id|\(all)';
                access_log %PREFIX%/access.log all;
                proxy_read_timeout 3s;
                upstream hostile { server %HOSTILE% max_fails=0; server %HOSTILE% max_fails=0; keepalive 8; }
                server {
                    listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://hostile; }
                    location /n/ { proxy_buffering off; proxy_pass http://hostile; }
                    location /r/ { proxy_request_buffering off; proxy_pass http://hostile; }
                    location /x/ { proxy_pass http://hostile; add_header X-Seen
                        "$upstream_http_x_id $upstream_cookie_c $upstream_http_content_type" always; }
                    location /e/ { proxy_intercept_errors on;
                        error_page 404 502 504 = @second; proxy_pass http://hostile; }
                    location /s/ { proxy_buffer_size 2k; proxy_buffers 2 2k; proxy_busy_buffers_size 2k;
                        proxy_max_temp_file_size 0; proxy_pass http://hostile; }
                    location /t/ { proxy_next_upstream error timeout invalid_header non_idempotent;
                        proxy_pass http://hostile; }
                    location @second { rewrite ^ /second$uri break; proxy_pass http://hostile; }
                }
            }
            """
    }

    /// Clients ask until the deadline.
    func run(from firstSeed: UInt64, until deadline: Deadline) throws -> Report {
        _ = waitUntil { !server.program.children.isEmpty }
        let workers = server.program.children
        let total = Mutex(Report())
        let running = Mutex(HostileScene.clients)
        for client in 0..<HostileScene.clients {
            let port = server.port
            Thread.detachNewThread {
                var visitor = HostileVisitor(port: port, firstSeed: firstSeed + UInt64(client) << 40)
                while !deadline.hasPassed, visitor.report.faults.count < 5 { visitor.ask() }
                total.withLock { $0.add(visitor.report) }
                running.withLock { $0 -= 1 }
            }
        }
        _ = waitUntil(Deadline(in: Double(deadline.leftMs) / 1000 + 30)) { running.withLock { $0 == 0 } }
        var report = total.withLock { $0 }
        report.faults += gateway.faults
        report.faults += unsolicitedFaults(from: firstSeed &+ 1 << 60)
        if !Set(workers).isSubset(of: server.program.children) {
            report.faults.append("a worker died: \(server.log.suffix(2000))")
        }
        // Once everything is written: the log's lines are about their own requests only.
        server.finish()
        gateway.stop()
        report.faults += logFaults()
        return report
    }

    /// A pooled connection with a byte that was not asked for is closed, and serves nobody.
    private func unsolicitedFaults(from firstSeed: UInt64) -> [String] {
        var faults: [String] = []
        for step in 0..<20 {
            let seed = firstSeed &+ UInt64(step)
            let dropped = gateway.dropped
            let target = step % 2 == 0 ? "/unsolicited/\(seed)" : "/later/\(seed)"
            let request = "GET \(target) HTTP/1.1\r\nHost: h\r\nX-Id: \(seed)\r\nConnection: close\r\n\r\n"
            let response = try? RawClient.ask(server.port, request)
            if response?.body != Hostility.content(seed) {
                faults.append("\(target) was not answered rightly")
            }
            if !waitUntil(Deadline(in: 5), { gateway.dropped > dropped }) {
                faults.append("\(target): the connection was kept")
            }
        }
        return faults
    }

    /// Lines in which a value of another request's response stands.
    private func logFaults() -> [String] {
        var faults: [String] = []
        for line in server.directory.read("access.log").split(separator: "\n") {
            let parts = line.split(separator: "|", maxSplits: 4, omittingEmptySubsequences: false)
            guard parts.count == 5 else {
                faults.append("no whole line: \(line)")
                continue
            }
            for part in parts[1...3] where part != "-" && part != parts[0] {
                faults.append("request \(parts[0]) was logged with \(part): \(line)")
            }
        }
        return Array(faults.prefix(5))
    }
}

/// A client of a hostile scene: asks on one connection as long as it lasts.
struct HostileVisitor {
    private let port: UInt16
    private var seed: UInt64
    private var client: RawClient?
    private(set) var report = HostileScene.Report()

    init(port: UInt16, firstSeed: UInt64) {
        self.port = port
        seed = firstSeed
    }

    mutating func ask() {
        seed += 1
        var dice = Dice(seed: seed)
        let method = dice.pick([(60, "GET"), (32, "POST"), (8, "HEAD")])
        let place = dice.pick(["/", "/n/", "/r/", "/x/", "/e/", "/s/", "/t/"])
        var request = GeneratedRequest()
        request.method = method
        request.target = Array("\(place)\(seed)".utf8)
        request.fields = ["Host: h.test", "X-Id: \(seed)"]
        if method == "POST" {
            request.fields.append("X-Body: yes")
            let body = Hostility.content(seed &+ 1)
            request.body = dice.chance(50) ? .length(body) : .chunked([body].filter { !$0.isEmpty })
        }
        do {
            let client = try self.client ?? RawClient(port: port)
            self.client = client
            let bytes = request.bytes(port: port)
            if dice.chance(5) {
                client.send(Array(bytes[..<dice.below(bytes.count)]))
                if dice.chance(50) { client.reset() }
                self.client = nil
                report.left += 1
                return
            }
            client.send(bytes)
            if dice.chance(3) {
                self.client = nil
                report.left += 1
                return
            }
            let response = try client.response(to: method, within: 15)
            judge(response, method, place)
            if !response.keepsAlive || !response.isWhole { self.client = nil }
        } catch {
            client = nil
            judgeFailure("\(error)", method, place)
        }
    }

    private mutating func fault(_ text: String, _ method: String, _ place: String) {
        let kind = Hostility.of(seed: seed).kind
        report.faults.append("\(method) \(place)\(seed), gateway: \(kind): \(text)")
    }

    private mutating func judge(_ response: Response, _ method: String, _ place: String) {
        let kind = Hostility.of(seed: seed).kind
        let foreign = [response["X-Id"], response["X-Seen"].map { String($0.prefix { $0 != " " }) }]
            .compactMap { $0 }.filter { $0 != "\(seed)" && !$0.isEmpty }
        if !foreign.isEmpty {
            return fault("fields of another response: \(response.head.fields)", method, place)
        }
        guard response.status == 200 else {
            report.refused += 1
            let isAllowed = response.status >= 400 && !(kind.isGood && method == "GET")
            if !isAllowed { fault("\(response.head.startLine)", method, place) }
            return
        }
        guard response["X-Id"] != nil else { return fault("200 without its mark", method, place) }
        let content = method == "HEAD" ? [] : Hostility.content(seed)
        if response.isWhole {
            report.whole += 1
            if response.body != content {
                fault("\(response.body.count) bytes, called whole, for \(content.count)", method, place)
            }
        } else {
            report.cut += 1
            if !content.starts(with: response.body) { fault("a cut body that is not its own", method, place) }
            if kind.isGood, method == "GET" { fault("cut for no reason", method, place) }
        }
    }

    private mutating func judgeFailure(_ text: String, _ method: String, _ place: String) {
        let kind = Hostility.of(seed: seed).kind
        report.cut += 1
        // The connection may end where an answer was begun, or the gateway answered before it was asked.
        if text.contains("timed out") || (kind.isGood && method == "GET") { fault(text, method, place) }
    }
}
