extension DifferentialGroup {
    /// `modern_browser`, `ancient_browser` and `$msie`, over what clients say that they are.
    static var browsers: DifferentialGroup {
        let agents = [
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Mozilla/5.0 (X11; U; Linux i686; rv:0.9.4) Gecko/2001",
            "Mozilla/4.0 (compatible; MSIE 5.0; Windows 98)",
            "Mozilla/4.0 (compatible; MSIE 5.5; Windows NT)",
            "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1) Opera 7.50", "Opera 9.10", "Opera 8.99",
            "Opera/9.80 (X11; Linux i686) Presto/2.12", "Opera/8.54 (X11)", "Opera/x",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X) AppleWebKit/85 (KHTML, like Gecko) Safari/85.5",
            "Mozilla/5.0 (compatible; Konqueror/3.1; Linux)", "Mozilla/5.0 (compatible; Konqueror/2; Linux)",
            "Mozilla/4.72 [en] (X11)", "Mozilla/4.7", "Lynx/2.8", "curl/8.0", "x", "MSIE 6.0", "MSIE 6",
            "rv:99999999999999999999999999.1", "Mozilla/5.0 (xxxx rv:", "Mozilla/5.0 (xxxx rv:1.2.3.4.5.6.7",
        ]
        return DifferentialGroup(
            name: "browsers",
            http: #"""
                ancient_browser Lynx curl/7;
                server { listen 127.0.0.1:%PORT1%;
                    location /plain { return 200 "[$modern_browser][$ancient_browser][$msie]"; }
                    location /listed { modern_browser gecko 1.0.0; modern_browser msie 5.5; modern_browser safari 413;
                        modern_browser konqueror 3; modern_browser_value new; ancient_browser_value old;
                        location /listed/in { return 200 "[$modern_browser][$ancient_browser]"; }
                        location /listed/own { modern_browser opera 9.0; modern_browser unlisted;
                            ancient_browser netscape4 Lynx; return 200 "[$modern_browser][$ancient_browser]"; }
                        return 200 "[$modern_browser][$ancient_browser]"; }
                    location /unlisted { modern_browser unlisted; ancient_browser x;
                        return 200 "[$modern_browser][$ancient_browser]"; }
                    location /set { set $modern_browser mine; return 200 "$modern_browser"; } }
                """#,
            cases: ["/plain", "/listed", "/listed/in", "/listed/own", "/unlisted", "/set"].map { path in
                DifferentialCase(
                    "what a browser is to \(path)",
                    asks: [.get(path)] + agents.map { .get(path, ["User-Agent: \($0)"]) })
            })
    }

    /// `userid`: cookies that are there, and those that are set again. New ones differ by their nature.
    static var userIDs: DifferentialGroup {
        let cookie = "fwAAAWUmYm9fVwHHAwMDAg"
        let fields: [[String]] = [
            ["Cookie: uid=\(cookie)=="], ["Cookie: a=b; uid=\(cookie)==; c=d"], ["Cookie: UID=\(cookie)A="],
            ["Cookie: uid=\(cookie)B="], ["Cookie: uid=\(cookie)"], ["Cookie: uid=\(cookie)A"],
        ]
        let paths = ["/marked", "/plain", "/log", "/off", "/page", "/none"]
        return DifferentialGroup(
            name: "userid",
            http: #"""
                userid on; log_format uid '$uri $uid_got $uid_set';
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; access_log %PREFIX%/access.log uid;
                    location /marked { userid_mark A; userid_domain example.com; userid_path /x; userid_expires max;
                        userid_flags secure httponly samesite=lax; userid_p3p 'CP="A B"'; add_header X y;
                        return 200 "$uid_got|$uid_set"; }
                    location /plain { return 200 "$uid_got|$uid_set|$uid_reset"; }
                    location /log { userid log; return 200 "$uid_got|$uid_set"; }
                    location /off { userid off; return 200 "$uid_got|$uid_set"; }
                    location /page { userid_mark A; error_page 404 /plain; return 404; }
                    location /fresh { userid_service 7; userid_path ""; return 204; }
                    location /reset { set $uid_reset 0; return 200 "$uid_set"; }
                    location /again { set $uid_reset log; return 200 "$uid_got"; } }
                """#,
            expectedAlarms: ["userid cookie"],
            cases: paths.flatMap { path in
                fields.map { DifferentialCase("\(path) \($0[0])", .get(path, $0)).logging(1) }
            } + [
                .init("kept", .get("/reset", fields[0])),
                .init("no cookie is set", .get("/off"), .get("/log")),
                .init("new ones", .get("/fresh"), .get("/marked"), .get("/again", fields[0]))
                    .ignoring("Set-Cookie", "Content-Length").differs(
                        "each program makes its own", "uid="),
            ])
    }
}
