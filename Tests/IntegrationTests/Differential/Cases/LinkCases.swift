import Foundation

/// Where a request says it comes from, and links that only some can make.
extension DifferentialGroup {
    static var referers: DifferentialGroup {
        let pages = [
            "http://www.example.org/", "https://example.org", "http://EXAMPLE.org:8080/x",
            "http://example.com/a/b",
            "http://example.com/b", "http://example.com:81/a/", "http://sub.example.net/",
            "http://example.net/",
            "http://mail.anything/", "http://one.test/", "http://two.test/x",
            "https://search.google.test/?q=1",
            "http://evil.test/?http://www.example.org/", "ftp://www.example.org/", "www.example.org",
            "nonsense",
            "http://", "https://a", "http://a.b", "http://example.org.evil.test/", "http://r7.test/",
            "HTTP://ONE.TEST",
            "http://www.example.org@evil.test/", "http://.example.org/",
            "http://" + String(repeating: "a", count: 300),
        ]
        let paths = ["/list", "/none", "/blocked", "/names", "/nested", "/nested/own", "/regex"]
        var cases = paths.map { DifferentialCase("\($0) without the field", .get($0)) }
        for path in paths {
            for (index, page) in pages.enumerated() {
                cases.append(
                    DifferentialCase("\(path) \(index): \(page.prefix(60))", .get(path, ["Referer: \(page)"]))
                )
            }
            cases.append(DifferentialCase("\(path), empty", .get(path, ["Referer: "])))
        }
        cases.append(
            DifferentialCase("groups stay", .get("/groups/abc", ["Referer: http://search.google.test/x"])))
        return DifferentialGroup(
            name: "valid_referers",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name one.test *.two.test ~^r\d\.test$;
                    location / { return 200 "nothing is said: [$invalid_referer]\n"; }
                    location /list { valid_referers none blocked www.example.org example.org example.com/a
                        *.example.net mail.* ~\.google\.;
                        return 200 "[$invalid_referer]\n"; }
                    location /none { valid_referers none example.org; return 200 "[$invalid_referer]\n"; }
                    location /blocked { valid_referers blocked example.org; return 200 "[$invalid_referer]\n"; }
                    location /names { valid_referers server_names; return 200 "[$invalid_referer]\n"; }
                    location /regex { valid_referers ~\.google\..*q= ~^two; return 200 "[$invalid_referer]\n"; }
                    location /nested { valid_referers example.org;
                        if ($invalid_referer) { return 403; }
                        location /nested/own { valid_referers one.test; valid_referers none;
                            return 200 "[$invalid_referer]\n"; }
                        return 200 "in\n"; }
                    location ~ ^/groups/(.*) { valid_referers ~(goo)gle; return 200 "$1 [$invalid_referer] $1\n"; }
                }
                """#,
            cases: cases)
    }

    static var secureLinks: DifferentialGroup {
        let links: [(String, String)] = [
            ("right", "/s/file?md5=%PLAIN%"), ("with padding", "/s/file?md5=%PLAIN%=="),
            ("another file", "/s/other?md5=%PLAIN%"), ("none", "/s/file"), ("too short", "/s/file?md5=abc"),
            ("too long", "/s/file?md5=%PLAIN%AAAA"),
            ("of another alphabet", "/s/file?md5=zlrxVeR3xHqtWBcFBKIco+"),
            ("its end is a comma", "/s/file?md5=%PLAIN%,"), ("a time in it", "/s/file?md5=%PLAIN%,99"),
            ("in time", "/e/file?md5=%LATE%&expires=2147483647"),
            ("over", "/e/file?md5=%EARLY%&expires=1"), ("of another time", "/e/file?md5=%LATE%&expires=1"),
            ("no time", "/e/file?md5=%LATE%&expires="), ("no number", "/e/file?md5=%LATE%&expires=1x"),
            ("zero", "/e/file?md5=%LATE%&expires=0"),
            ("huge", "/e/file?md5=%LATE%&expires=99999999999999999999"),
            ("a secret's path", "/p/%SECRET%/file"), ("in capitals", "/p/%CAPITALS%/file"),
            ("of another path", "/p/%SECRET%/other"), ("no path", "/p/%SECRET%/"), ("no digest", "/p/file"),
            ("short", "/p/abc/file"), ("no hexadecimal", "/p/zz%SECRETREST%/file"),
            ("with a query", "/p/%SECRET%/file?a"), ("nothing is said", "/plain"),
            ("the outer secret counts no more", "/p/own/?md5=x"),
        ]
        return DifferentialGroup(
            name: "secure_link",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location / { return 200 "[$secure_link] [$secure_link_expires]\n"; }
                    location /s/ { secure_link $arg_md5; secure_link_md5 "secret$uri";
                        return 200 "[$secure_link] [$secure_link_expires]\n"; }
                    location /e/ { secure_link $arg_md5,$arg_expires; secure_link_md5 "$arg_expires$uri secret";
                        if ($secure_link = "") { return 403; }
                        if ($secure_link = "0") { return 410; }
                        return 200 "[$secure_link] [$secure_link_expires]\n"; }
                    location /p/ { secure_link_secret secret; return 200 "[$secure_link]\n";
                        location /p/own/ { secure_link $arg_md5; secure_link_md5 x; return 200 "[$secure_link]\n"; } }
                }
                """#,
            cases: links.map { name, target in DifferentialCase(name, .get(filled(target))) })
    }

    /// MD5 of `secret/s/file`, `2147483647/e/file secret`, `1/e/file secret` and `filesecret`.
    private static func filled(_ target: String) -> String {
        let secret = "c0640c1e91de82e703d65415ab52ef8b"
        return
            target
            .replacingOccurrences(of: "%PLAIN%", with: "zlrxVeR3xHqtWBcFBKIcoQ")
            .replacingOccurrences(of: "%LATE%", with: "gtmYMBucSc01bAOaJZ_zCQ")
            .replacingOccurrences(of: "%EARLY%", with: "MUNnGSMPjx_tzuYj3XZsvw")
            .replacingOccurrences(of: "%SECRETREST%", with: String(secret.dropFirst(2)))
            .replacingOccurrences(of: "%SECRET%", with: secret)
            .replacingOccurrences(of: "%CAPITALS%", with: secret.uppercased())
    }
}
