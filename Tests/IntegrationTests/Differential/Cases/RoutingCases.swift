extension DifferentialGroup {
    static var serverSelection: DifferentialGroup {
        DifferentialGroup(
            name: "server selection",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name first.test;
                    location / { return 200 "first $server_name $host\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name exact.test www.exact.test;
                    location / { return 200 "exact $server_name $host\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name *.wild.test;
                    location / { return 200 "leading $server_name $host\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name *.deep.wild.test;
                    location / { return 200 "deeper $server_name $host\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name trail.*;
                    location / { return 200 "trailing $server_name $host\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name .both.test;
                    location / { return 200 "dot $server_name $host\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name ~^(?<who>[a-z]+)\.re\.test$;
                    location / { return 200 "regex $who\n"; } }
                server { listen 127.0.0.1:%PORT1%; server_name ~^r\d+\.test$;
                    location / { return 200 "second regex $host\n"; } }
                server { listen 127.0.0.1:%PORT2%; server_name other.test;
                    location / { return 200 "other port, first\n"; } }
                server { listen 127.0.0.1:%PORT2% default_server; server_name standard.test;
                    location / { return 200 "other port, default\n"; } }
                server { listen 127.0.0.1:%PORT2%; server_name "";
                    location / { return 200 "no name $host\n"; } }
                """#,
            cases: [
                .init("an exact name", .get("/", host: "exact.test")),
                .init("a second exact name", .get("/", host: "www.exact.test")),
                .init("a name in capitals", .get("/", host: "EXACT.Test")),
                .init("a name with a port", .get("/", host: "exact.test:8080")),
                .init("a name with a final dot", .get("/", host: "exact.test.")),
                .init("a leading wildcard", .get("/", host: "a.wild.test")),
                .init("a leading wildcard takes several labels", .get("/", host: "a.b.wild.test")),
                .init("a leading wildcard does not take the bare name", .get("/", host: "wild.test")),
                .init("the longest leading wildcard wins", .get("/", host: "a.deep.wild.test")),
                .init("a trailing wildcard", .get("/", host: "trail.example")),
                .init("a leading wildcard wins over a trailing one", .get("/", host: "trail.wild.test")),
                .init("a dot name takes the bare name", .get("/", host: "both.test")),
                .init("a dot name takes labels before it", .get("/", host: "x.both.test")),
                .init("a regular expression with a named capture", .get("/", host: "john.re.test")),
                .init("the second regular expression", .get("/", host: "r42.test")),
                .init("an unknown name goes to the first server", .get("/", host: "unknown.test")),
                .init("an address goes to the first server", .get("/", host: "127.0.0.1")),
                .init("default_server need not be first", .get("/", host: "unknown.test").onPort(2)),
                .init("a named server beside default_server", .get("/", host: "other.test").onPort(2)),
                .init("no Host in HTTP/1.0", .get("/", host: nil, version: "HTTP/1.0")),
                .init(
                    "no Host in HTTP/1.0, with an empty server_name",
                    .get("/", host: nil, version: "HTTP/1.0").onPort(2)),
                .init("an absolute target wins over Host", .get("http://exact.test/", host: "trail.x")),
                .init(
                    "an absolute target with a port and no path", .get("http://exact.test:81", host: "a.b")),
            ]
                + ([".wild.test", ".deep.wild.test", ".both.test", ".trail.x", "trail.", "trail"] as [String])
                .map {
                    .init("a name with a dot at an end: \($0)", .get("/", host: $0))
                })
    }

    static var locations: DifferentialGroup {
        DifferentialGroup(
            name: "locations",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name plain.test;
                    location / { return 200 "root $uri|$request_uri|$args\n"; }
                    location = /exact { return 200 "exact\n"; }
                    location /exact { return 200 "not exact $uri\n"; }
                    location /images/ { return 200 "images $uri\n"; }
                    location ^~ /static/ { return 200 "static $uri\n"; }
                    location ~ \.php$ { return 200 "php $uri\n"; }
                    location ~* \.(jpg|png)$ { return 200 "picture $1 $uri\n"; }
                    location ~ ^/caught/(?<name>[^/]+)/(\d+)$ { return 200 "name=$name 2=$2\n"; }
                    location /nest/ {
                        location /nest/inner/ { return 200 "inner $uri\n"; }
                        location ~ \.txt$ { return 200 "nested text $uri\n"; }
                        return 200 "nest $uri\n";
                    }
                    location "/a b/" { return 200 "space $uri\n"; }
                    location /proxied/ { proxy_pass http://%GATEWAY1%; }
                    location /dead { error_page 404 = @named; return 404; }
                    location @named { return 200 "named $uri\n"; }
                }
                server { listen 127.0.0.1:%PORT1%; server_name slashes.test; merge_slashes off;
                    location / { return 200 "root $uri\n"; }
                    location /a/b { return 200 "a b $uri\n"; }
                }
                """#,
            cases: [
                .init("the root prefix", .get("/anything")),
                .init("an exact location", .get("/exact")),
                .init("a query does not hinder an exact location", .get("/exact?x=1")),
                .init("a prefix beside an exact location", .get("/exact/more")),
                .init("a prefix takes what begins so", .get("/exactly")),
                .init("a regular expression wins over a prefix", .get("/images/x.php")),
                .init("^~ forbids regular expressions", .get("/static/x.php")),
                .init("case matters in ~", .get("/x.PHP")),
                .init("case does not matter in ~*", .get("/images/A.JPG")),
                .init("captures, named and numbered", .get("/caught/john/17")),
                .init("a nested prefix", .get("/nest/inner/x")),
                .init("a nested regular expression", .get("/nest/x.txt")),
                .init("the nesting location itself", .get("/nest/x")),
                .init("a nested prefix and an outer regular expression", .get("/nest/inner/x.php")),
                .init("percent-decoding before matching", .get("/%65xact")),
                .init("a space in a location", .get("/a%20b/c")),
                .init("an encoded slash matches as a slash", .get("/images%2fx")),
                .init("dot segments", .get("/x/../images/./y")),
                .init("dot segments at the end", .get("/images/x/..")),
                .init("encoded dot segments", .get("/images/%2e%2e/exact")),
                .init("dot segments above the root", .get("/../x")),
                .init("slashes are merged", .get("//images///x")),
                .init("slashes stay with merge_slashes off", .get("//a//b", host: "slashes.test")),
                .init("one slash with merge_slashes off", .get("/a/b", host: "slashes.test")),
                .init("a trailing slash is added where a location proxies", .get("/proxied")),
                .init("the redirect keeps the query", .get("/proxied?a=b&c")),
                .init("a named location through error_page", .get("/dead")),
                .init("a question mark encoded", .get("/x%3fy?z=1")),
                .init("a plus sign stays", .get("/x+y")),
                .init("bytes above 127", .get("/%C3%A4")),
                .init("an encoded NUL is refused", .get("/x%00y")),
                .init("a bad escape is refused", .get("/x%zz")),
                .init("an escape cut short is refused", .get("/x%4")),
                .init("an empty query", .get("/x?")),
            ])
    }
}
