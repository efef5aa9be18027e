import Foundation
import TestSupport
import Testing

/// README's picture of the status page. `PORTICO_UPDATE_README=1` takes it anew.
@Suite("Picture of the status page", .serialized) struct StatusPictureTests {
    private static let path = Binary.packageRoot + "/conf/status-page.png"

    @Test("README shows it, and it is small")
    func isShown() throws {
        let readme = try String(contentsOfFile: Binary.packageRoot + "/README.md", encoding: .utf8)
        #expect(readme.contains("](conf/status-page.png)"))
        let picture = try Data(contentsOf: URL(fileURLWithPath: Self.path))
        #expect(picture.count < 256 << 10)
        #expect(picture.starts(with: [0x89] + Array("PNG\r\n".utf8)))
    }

    @Test(
        "it can be taken: three gateways, of which one is ill, and some traffic",
        .enabled(if: Binary.chromium != nil, "chromium is not installed"))
    func isTaken() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["www.example.org"], in: directory)
        let gateways = try ["g1", "g2", "g3"].map { try RecordingGateway($0) }
        gateways[1].answer("/ready", with: .fixed("no", status: "503 Busy"))
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                upstream kong { zone kong 64k; ip_hash full;
                    server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%;
                    health_check interval=200ms uri=/ready; }
                server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; status_zone public;
                    set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;
                    location / { proxy_pass http://kong; status_zone api; }
                    location /status { status; } } }
            """, gateways: gateways, directory: directory)
        #expect(server.waitForLog("is unhealthy: 503 from GET /ready"))
        let browser = try Browser(in: directory)
        try browser.open("http://127.0.0.1:\(server.port)/status", width: 1100)
        // What its curves show are the looks that it took.
        var number = 0
        let isDrawn = try waitUntil(Deadline(in: 30)) {
            for _ in 0..<(10 + number % 17) {
                number += 1
                _ = try RawClient.ask(
                    server.port,
                    "GET /\(number) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                        + "X-Forwarded-For: 10.0.\(number % 7).\(number % 250)\r\n\r\n")
            }
            let points = "document.querySelector('.line polyline')?.getAttribute('points') ?? ''"
            return try browser.text(points).split(separator: " ").count >= 8
        }
        #expect(isDrawn)
        let picture = try browser.screenshot()
        #expect(picture.count < 256 << 10, "\(picture.count)")
        if ProcessInfo.processInfo.environment["PORTICO_UPDATE_README"] == "1" {
            try picture.write(to: URL(fileURLWithPath: Self.path))
        }
        server.finish()
    }
}
