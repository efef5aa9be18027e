import Core
import Foundation
import TestSupport
import Testing

/// Twenty configurations as people write them, and requests that nobody chose: what `portico explain` says of
/// each is what happens to it.
@Suite("Explanations beside requests", .serialized) struct ExplainAgreementTests {
    /// What stands in `http`; files are in `%PREFIX%/root`.
    static let texts = [
        """
        server { listen 127.0.0.1:%PORT1%; root %PREFIX%/root; location / { try_files $uri $uri/ =404; }
            location /docs { alias %PREFIX%/root/docs; } error_page 404 /err/404.html; }
        """,
        #"""
        server { listen 127.0.0.1:%PORT1%; root %PREFIX%/root; location / { try_files $uri @app; }
            location @app { proxy_pass http://app; } location ~* \.(png|txt)$ { expires 1d; } }
        """#,
        #"""
        server { listen 127.0.0.1:%PORT1%; rewrite ^/old/(.*)$ /new/$1 last;
            rewrite ^/a/(\w+)/(\d+)$ /api/$2/$1?x=$1 break;
            location /new { proxy_pass http://app; } location / { proxy_pass http://app/base/; } }
        """#,
        #"""
        server { listen 127.0.0.1:%PORT1%; location / { return 404; } location /n/ { proxy_pass http://app;
            location ~ ^/n/(?<id>\d+) { proxy_pass http://app/id/$id; } location = /n/x { return 204; }
            location /n/deep/ { location /n/deep/er { return 206 deeper; } return 207; } } }
        """#,
        #"""
        server { listen 127.0.0.1:%PORT1%; set $x a; if ($request_method = POST) { set $x b; }
            if ($arg_q ~ ^(\d+)$) { set $x $1; } if ($http_cookie ~* "id=([^;]+)") { rewrite ^ /c/$1 last; }
            location /c/ { return 200 $x; } location / { proxy_set_header X-X $x; proxy_pass http://app; } }
        """#,
        """
        server { listen 127.0.0.1:%PORT1%; error_page 404 = @fall; error_page 403 /denied;
            error_page 500 502 =200 /err/404.html; location /d { deny all; } location /nope { return 404; }
            location = /denied { internal; proxy_pass http://app; } location @fall { proxy_pass http://app; }
            location /five { return 500; } location / { root %PREFIX%/root; } }
        """,
        """
        server { listen 127.0.0.1:%PORT1%; error_page 404 @fall; location / { root %PREFIX%/root; }
            location @fall { return 302 /elsewhere$request_uri; }
            location /docs/ { proxy_pass http://app/d/; limit_except GET HEAD { deny all; } } }
        """,
        """
        server { listen 127.0.0.1:%PORT1%; location / { auth_request /leave; proxy_pass http://app; }
            location = /leave { internal; proxy_pass http://app/leave; proxy_pass_request_body off; }
            location /pub { return 201; } }
        """,
        """
        server { listen 127.0.0.1:%PORT1%; location / { limit_except GET { deny all; } proxy_pass http://app; }
            location /w { limit_except POST PUT { allow 10.0.0.0/8; deny all; } proxy_pass http://app; } }
        """,
        #"""
        server { listen 127.0.0.1:%PORT1% default_server; server_name _; return 421; }
        server { listen 127.0.0.1:%PORT1%; server_name a.ex *.a.ex; location / { proxy_pass http://app; } }
        server { listen 127.0.0.1:%PORT1%; server_name ~^(?<sub>\w+)\.b\.ex$; location / {
            proxy_set_header X-Sub $sub; proxy_pass http://app/$sub$request_uri; } }
        server { listen 127.0.0.1:%PORT1%; server_name www.c.*; return 302 http://c$uri; }
        """#,
        #"""
        map $uri $up { ~^/docs one; default two; } map $arg_q $route { default ""; ~^\d+$ /num; }
        upstream one { server %GATEWAY1%; } upstream two { server %GATEWAY2%; }
        server { listen 127.0.0.1:%PORT1%; if ($route) { rewrite ^(.*)$ $route$1 break; }
            location / { proxy_pass http://$up; } }
        """#,
        #"""
        server { listen 127.0.0.1:%PORT1%; location = / { return 301 /home; }
            location ^~ /docs { return 200 docs; } location ~ \.txt$ { return 200 txt; }
            location ~* ^/(DOCS|a) { return 200 ci; } location / { return 200 root; } }
        """#,
        """
        server { listen 127.0.0.1:%PORT1%; merge_slashes off; location /docs//x { return 200 two; }
            location /docs/x { return 201 one; } location / { proxy_pass http://app; } }
        """,
        """
        server { listen 127.0.0.1:%PORT1%; location /p/ { proxy_pass http://app/q/; }
            location /p2 { proxy_pass http://app/q; } location / { proxy_pass http://app; }
            location ~ ^/r/(.*)$ { proxy_pass http://app/rr/$1$is_args$args; }
            location /s { rewrite ^/s/(.*)$ /t/$1 break; proxy_pass http://app; } }
        """,
        """
        server { listen 127.0.0.1:%PORT1%; root %PREFIX%/root; if (-f $request_filename) { return 200 file; }
            if (!-e $request_filename) { rewrite ^/(.*)$ /index.html?p=$1 last; } location / { }
            location = /index.html { proxy_pass http://app; } }
        """,
        """
        server { listen 127.0.0.1:%PORT1%; root %PREFIX%/root; location / { try_files /maint.html @x; }
            location /t { try_files $uri /docs/x.txt; } location /docs { } location @x { return 200 x; }
            location /u { try_files nothing @x; } }
        """,
        #"""
        server { listen 127.0.0.1:%PORT1%; location / { if ($arg_q) { proxy_pass http://app; break; }
            if ($http_x_a = b) { return 403; } root %PREFIX%/root; }
            location /c/ { if ($uri ~ (\d+)) { return 200 $1; } proxy_pass http://app; } }
        """#,
        """
        server { listen 127.0.0.1:%PORT1%; satisfy any; auth_basic x; auth_basic_user_file %PREFIX%/users;
            location / { deny all; proxy_pass http://app; }
            location /docs { allow 127.0.0.1; deny all; proxy_pass http://app; }
            location /n { satisfy all; deny 127.0.0.1; return 200; } }
        """,
        """
        geo $g { default 0; 127.0.0.0/8 1; } map $g$request_method $v { default d; 1GET g; 1POST p; }
        server { listen 127.0.0.1:%PORT1%; if ($v = p) { return 405; }
            location / { proxy_set_header X-V $v; proxy_pass http://app; }
            location /old/ { return 301 $scheme://$host:$server_port/new$request_uri; } }
        """,
        """
        split_clients $uri $s { 50% one; * two; } upstream one { server %GATEWAY1%; }
        upstream two { hash $request_uri; server %GATEWAY1%; server %GATEWAY2%; }
        server { listen 127.0.0.1:%PORT1%; error_page 418 = /docs/; location /tea { return 418; }
            location /docs/ { rewrite /docs/(.+) /n/$1 last; proxy_pass http://$s; }
            location /n/ { internal; proxy_pass http://two; } location / { return 302 /tea?$args; } }
        """,
    ]

    private static let paths = [
        "/", "/index.html", "/docs", "/docs/", "/docs/x.txt", "/docs/sub/y.txt", "/docs//x", "/old/1",
        "/old/a/b?k=1", "/a/foo/12", "/n/5", "/n/x", "/n/deep/er", "/n/abc", "/c/7", "/c/x", "/d/1", "/nope",
        "/five", "/pub", "/w/1", "/p/x", "/p", "/p2y", "/r/a%20b?z=1", "/s/1/2", "/t/none", "/u/1",
        "/img.png", "/IMG.PNG", "/DOCS/x", "/%64ocs/x.txt", "/docs/../index.html", "/docs/%2e%2e/n/5",
        "/./n/x", "//docs//x.txt", "/%2F", "/tea", "/x?q=1", "/x?q=abc", "/docs?q=22", "/denied", "/leave/",
        "/err/404.html", "/maint.html", "/new/1", "/%", "/r/%2Fx", "/~u;v=1", "/docs/x.txt/", "/n/5/6?a=%41",
    ]
    private static let hosts = ["a.ex", "x.a.ex", "me.b.ex", "www.c.org", "other", "127.0.0.1"]
    private static let methods = ["GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    private static let fields = [
        [], [], ["Cookie: id=55; b"], ["X-A: b"], ["Authorization: Basic dTpw"],
        ["X-Forwarded-For: 9.9.9.9"], ["Accept: text/html", "X_Under: 1"],
    ]

    /// Requests to one configuration.
    private static var each: Int { 5 }

    @Test("what is said of a request is what happens to it", arguments: texts.indices)
    func agrees(_ index: Int) throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        defer { for gateway in gateways { gateway.stop() } }
        let directory = try TemporaryDirectory()
        for name in ["index.html", "docs/index.html", "docs/x.txt", "docs/sub/y.txt", "err/404.html"]
            + ["maint.html", "img.png"]
        { try directory.write(name, to: "root/\(name)") }
        try directory.write("u:{PLAIN}p\n", to: "users")
        let server = try Server(
            "worker_processes 1; error_log %PREFIX%/error.log crit; events { } http { access_log off;"
                + " upstream app { server %GATEWAY1%; } \(Self.texts[index]) }",
            gateways: gateways, directory: directory)
        var random = SplitMix(seed: UInt64(index) &+ 2026)
        for _ in 0..<Self.each {
            let host = random.pick(Self.hosts)
            let method = random.pick(Self.methods)
            let isEmpty = ["POST", "PUT"].contains(method)
            let question = ExplainTests.Question(
                url: "http://\(host):PORT\(random.pick(Self.paths))", method: method,
                fields: random.pick(Self.fields) + (isEmpty ? ["Content-Length: 0"] : []))
            let said = try ExplainTests().explained(question, server)
            #expect(gateways.allSatisfy { $0.requests.isEmpty }, "nothing is sent: \(question)")
            let happened = try ExplainTests().asked(question, server, gateways)
            #expect(said == happened, "\(question.testDescription)")
            for gateway in gateways { gateway.forget() }
        }
        server.finish()
    }
}
