import Config
import TestSupport
import Testing

@testable import Proxy

/// What people write that looks wrong, and that nginx loads.
@Suite("Loaded as by nginx")
struct LoadedAsNginxTests {
    static let samples = [
        #"map $arg_ $x { default $http_; }"#,
        #"log_format f "$cookie_$sent_http_$upstream_http_";"#,
        #"split_clients $uri $x { 50% a b; .5% c; 1.% d; * e; }"#,
        #"upstream a { zone y 64k; zone z 64k; server 127.0.0.1:1; }"#,
        #"upstream a { zone z; server 127.0.0.1:1; } upstream b { zone z 64k; server 127.0.0.1:1; }"#,
        #"server { listen 8080; ssl_session_cache shared:z:1m; } ssl_session_cache shared:z:1m;"#,
        #"server { listen 8080; modern_browser_value a; modern_browser_value b; }"#,
        #"server { listen 8080; location / { proxy_pass https://127.0.0.1; proxy_ssl_crl none.pem;"#
            + #" proxy_ssl_trusted_certificate none.pem; } }"#,
        #"server { listen 8080; aio threads; location / { aio threads=default; } }"#,
        #"server { listen 8080; aio threads=$host; }"#,
    ]

    @Test("loads", arguments: samples)
    func loads(_ text: String) throws {
        _ = try Loading.http(text)
    }

    @Test("nginx loads it", .enabled(if: NginxWordingTests.isInstalled), arguments: samples)
    func modelLoads(_ text: String) throws {
        let folder = try TemporaryDirectory()
        try folder.write("main.conf", "events {}\nhttp {\nerror_log stderr; access_log off;\n\(text)\n}\n")
        let answer = try folder.run(
            NginxWordingTests.nginx,
            ["-t", "-p", folder.path, "-c", folder.path + "/main.conf", "-e", "stderr"])
        #expect(answer.status == 0, "\(answer.errors)")
    }

    @Test("a thread pool is known wherever its line stands")
    func poolsAreKnown() throws {
        _ = try Loading.main("events {} http { aio threads=p; } thread_pool p threads=2;")
    }

    @Test("further words of a share and names that end early have no meaning")
    func meanNothing() throws {
        let scripted = try ScriptedWorker(
            serving: "location / { return 200 [$x|$arg_|$http_|$cookie_|$modern_browser]; }"
                + " modern_browser unlisted; modern_browser_value a; modern_browser_value b;",
            beside: "split_clients $uri $x { 100.% a b; }")
        let client = try ScriptedClient(of: scripted)
        client.send("GET /?=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: none\r\nCookie: a=1\r\n\r\n")
        #expect(client.text.hasSuffix("[a||||b]"))
    }
}
