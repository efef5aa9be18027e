import Foundation

extension DifferentialGroup {
    /// `auth_request` beside other checks, over what the gateway that is asked may say. Locations are made
    /// of all three.
    static var authRequest: DifferentialGroup {
        let verdicts = ["200", "204", "401", "403", "302", "500", "404"]
        let checks = [
            ("none", ""), ("basic", "auth_basic realm; auth_basic_user_file %PREFIX%/users;"),
            ("deny", "deny all;"),
        ]
        var locations = ""
        var cases: [DifferentialCase] = []
        for satisfy in ["all", "any"] {
            for (name, check) in checks {
                locations += """
                    location /\(satisfy)/\(name)/ { satisfy \(satisfy); \(check) auth_request /ask;
                        auth_request_set $user $upstream_http_x_user;
                        auth_request_set $code $upstream_status;
                        proxy_set_header X-User $user; proxy_set_header X-Code $code;
                        proxy_set_header Connection ""; proxy_pass http://%GATEWAY1%; }

                    """
                for verdict in verdicts {
                    let answer = answer(verdict)
                    let path = "/\(satisfy)/\(name)/?v=\(verdict)"
                    cases.append(
                        DifferentialCase(
                            "\(satisfy) \(name) \(verdict)", .get(path), answers: [answer, .fixed("in\n")]))
                    guard name == "basic" else { continue }
                    let isAsked = satisfy == "all"
                    cases.append(
                        DifferentialCase(
                            "\(satisfy) with a password, \(verdict)",
                            .get(path, ["Authorization: Basic YW5uYTpzZWNyZXQ="]),
                            answers: (isAsked ? [answer] : []) + [.fixed("in\n")]))
                }
            }
        }
        return DifferentialGroup(
            name: "auth_request",
            http: """
                server { listen 127.0.0.1:%PORT1%;
                    \(locations)
                    location = /ask { internal; proxy_pass_request_body off;
                        proxy_set_header Content-Length ""; proxy_set_header Connection "";
                        proxy_set_header X-Original-URI $request_uri; proxy_set_header X-Method $request_method;
                        proxy_set_header X-Own "$uri|$args|$arg_v|$cookie_c|$http_x|$content_length";
                        proxy_pass http://%GATEWAY1%/verdict; }
                    location /said/ { auth_request /speaks; auth_request_set $said "<$sent_http_x_said>";
                        proxy_pass http://%GATEWAY1%; add_header X-Heard $said always; }
                    location = /speaks { add_header X-Said it always; add_header WWW-Authenticate Own always;
                        if ($request_uri ~ leave) { return 204; } return 401; }
                }
                """,
            files: ["users": "anna:{PLAIN}secret\n"], cases: cases + askingCases)
    }

    private static func answer(_ verdict: String) -> GatewayAnswer {
        switch verdict {
        case "204": .raw("HTTP/1.1 204 No Content\r\n\r\n")
        case "401":
            .fixed("no", status: "401 Unauthorized", fields: ["WWW-Authenticate: Basic realm=\"theirs\""])
        case "302": .fixed("", status: "302 Found", fields: ["Location: /elsewhere"])
        case "200": .fixed("", fields: ["X-User: anna"])
        default: .fixed("", status: "\(verdict) Whatever")
        }
    }

    private static var askingCases: [DifferentialCase] {
        [
            DifferentialCase(
                "what is asked is the client's", .get("/all/none/a%20b?v=1&x", ["Cookie: c=2", "X: y"]),
                answers: [.fixed("", fields: ["X-User: anna"]), .fixed("in\n")]),
            DifferentialCase(
                "a body goes to the gateway and not to who is asked", .post("/all/none/", "hello"),
                answers: [.fixed("", fields: ["X-User: anna"]), .fixed("in\n")]),
            DifferentialCase(
                "so does one in chunks", .chunkedPost("/all/none/", ["hel", "lo"]),
                answers: [.fixed("", fields: ["X-User: anna"]), .fixed("in\n")]),
            DifferentialCase(
                "a body is read past a refusal", .post("/all/none/", "hello"),
                answers: [.fixed("", status: "403 F")]),
            DifferentialCase(
                "what add_header would add is nobody's", .get("/said/leave"), .get("/said/none"),
                answers: [.fixed("in\n")]),
            DifferentialCase("HEAD", .head("/all/none/"), answers: [.fixed(""), .fixed("in\n")]),
            DifferentialCase(
                "two requests at once", .pipeline(.get("/all/none/1"), .get("/all/none/2")),
                answers: [.fixed(""), .fixed("one\n"), .fixed(""), .fixed("two\n")]),
        ]
    }

    /// Where the location that is asked answers by itself, and what else may stand there.
    static var authRequestPlaces: DifferentialGroup {
        DifferentialGroup(
            name: "auth_request, asked here",
            http: #"""
                auth_request /no;
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%; auth_request /yes;
                    proxy_set_header Connection "";
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /off { auth_request off; return 200 "off\n"; }
                    location /open { auth_request off; proxy_pass http://%GATEWAY1%; }
                    location /closed { auth_request /no; proxy_pass http://%GATEWAY1%; }
                    location /page { auth_request /no; error_page 403 = @page; proxy_pass http://%GATEWAY1%; }
                    location /page401 { auth_request /who; error_page 401 =403 /sign-in;
                        proxy_pass http://%GATEWAY1%; }
                    location /sign-in { auth_request off; return 200 "sign in\n"; }
                    location @page { auth_request off; return 200 "page\n"; }
                    location /file { auth_request /a-file; proxy_pass http://%GATEWAY1%; }
                    location /missing { auth_request /nowhere; proxy_pass http://%GATEWAY1%; }
                    location /named { auth_request @page; proxy_pass http://%GATEWAY1%; }
                    location /nested { auth_request /strict; proxy_pass http://%GATEWAY1%; }
                    location /slash { auth_request /inner; proxy_pass http://%GATEWAY1%; }
                    location /inner/ { proxy_pass http://%GATEWAY1%; }
                    location /rewritten { auth_request /rewrites; proxy_set_header X-V $v; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /loops { auth_request /loop; proxy_pass http://%GATEWAY1%; }
                    location /args { auth_request /yes; auth_request_set $args "q=1";
                        proxy_pass http://%GATEWAY1%; }
                    location /fallback { auth_request /intercepted; proxy_pass http://%GATEWAY1%; }
                    location /later { auth_request /yes; auth_request_set $x "set for $uri"; error_page 404 = @x;
                        root %PREFIX%/none; }
                    location @x { auth_request off; return 200 "$x\n"; }
                    location /gone { auth_request /ends; proxy_pass http://%GATEWAY1%; }
                    location = /yes { return 204; }
                    location = /no { return 403; }
                    location = /who { return 401; }
                    location = /ends { return 444; }
                    location = /strict { auth_request /no; deny all; root %PREFIX%; try_files /a-file =404; }
                    location = /rewrites { set $v "from within"; rewrite ^ /yes last; }
                    location = /loop { rewrite ^ /loop last; }
                    location = /intercepted { proxy_intercept_errors on; error_page 404 =204 /yes;
                        proxy_pass http://%GATEWAY1%; }
                }
                """#,
            files: ["a-file": "a file\n"], cases: placesCases)
    }

    private static var placesCases: [DifferentialCase] {
        let names = [
            "", "off", "open", "closed", "page", "page401", "file", "missing", "named", "nested", "slash",
            "rewritten", "loops", "args?a=b", "later",
        ]
        return names.map { DifferentialCase("/\($0)", .get("/\($0)")) } + [
            DifferentialCase(
                "conditions of the client are not about the file that is asked",
                .get("/file", ["If-Match: \"x\"", "Range: bytes=900-"])),
            DifferentialCase(
                "an error page of the location that is asked", .get("/fallback"),
                answers: [.fixed("", status: "404 N"), .fixed("in\n")]),
            DifferentialCase("an end without an answer", .get("/gone")).whateverTheEnd,
        ]
    }
}

/// Copies go nowhere here: what matters is that the request is served as it would be without them.
extension DifferentialGroup {
    static var mirror: DifferentialGroup {
        DifferentialGroup(
            name: "mirror",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%; mirror /copy;
                    proxy_set_header Connection "";
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /two { mirror /copy; mirror /copy; proxy_pass http://%GATEWAY1%; }
                    location /streamed { proxy_request_buffering off; proxy_pass http://%GATEWAY1%; }
                    location /limited { client_max_body_size 3; error_page 413 /a-file;
                        proxy_pass http://%GATEWAY1%; }
                    location /tried { try_files /a-file =404; }
                    location /body { proxy_set_header X-Body $request_body; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /return { return 200 "here\n"; }
                    location /denied { deny all; }
                    location /page { error_page 404 = @page; root %PREFIX%/none; }
                    location @page { proxy_pass http://%GATEWAY1%; }
                    location = /copy { internal; return 204; }
                }
                """#,
            files: ["a-file": "a file\n"],
            cases: [
                .init("GET", .get("/")),
                .init("POST", .post("/", "hello")),
                .init("POST in chunks", .chunkedPost("/", ["hel", "lo"])),
                .init("two copies", .post("/two", "hello"), .get("/two")),
                .init("without buffering", .post("/streamed", "hello")),
                .init("in chunks, without buffering", .chunkedPost("/streamed", ["hel", "lo"])),
                .init("too large", .post("/limited", "hello")),
                .init("a file", .get("/tried")),
                .init("content for a file", .post("/tried", "hello")),
                .init("content in a variable", .post("/body", "hello")),
                .init("return", .post("/return", "hello"), .get("/return")),
                .init("denied", .post("/denied", "hello")),
                .init("a page of errors", .post("/page", "hello")),
                .init("the copy's own location is not for clients", .get("/copy")),
                .init("one behind the other", .pipeline(.post("/", "one"), .post("/", "two"), .get("/"))),
            ])
    }
}
