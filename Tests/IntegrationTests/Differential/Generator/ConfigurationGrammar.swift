/// Makes configurations that nginx takes, of every kind that matters to where a request goes.
struct ConfigurationGrammar {
    /// What stands around a statement, as far as it decides what may stand here.
    enum Place: Equatable {
        case server, prefix(String), exact, pattern, named

        /// Whether `proxy_pass` may have a URI here.
        var takesURI: Bool {
            switch self {
            case .server, .pattern, .named: false
            case .prefix, .exact: true
            }
        }
    }

    var dice: Dice

    mutating func servers() -> [Statement] {
        var servers = [server(names: "gen.test *.wild.test")]
        if dice.chance(15) {
            servers.append(
                server(
                    names: dice.pick(["other.test", "~^(?<name>.+)\\.other\\.test$", "\"\"", ".dot.test"])))
            if dice.chance(30) { servers[1].block?[0].words += " default_server" }
        }
        return servers
    }

    private mutating func server(names: String) -> Statement {
        var block = [Statement("listen 127.0.0.1:%PORT%")]
        if dice.chance(90) { block.append(Statement("server_name \(names)")) }
        if dice.chance(30) { block += serverSettings() }
        if dice.chance(30) { block += settings(in: .server, at: dice.below(3)) }
        if dice.chance(15) { block += access() }
        if dice.chance(25) { block += errorPages() }
        if dice.chance(25) { block += rewriteSteps(in: .server) }
        if dice.chance(5) { block += fileSteps(in: .server) }
        for _ in 0..<(1 + dice.below(5)) { block.append(location(in: .server, depth: 0)) }
        if dice.chance(70) { block.append(namedLocation("@n1")) }
        if dice.chance(40) { block.append(namedLocation("@n2")) }
        return Statement("server", withoutRepetition(block))
    }

    private mutating func serverSettings() -> [Statement] {
        let choices = [
            "merge_slashes off", "underscores_in_headers on", "ignore_invalid_headers off",
            "large_client_header_buffers 2 1k", "client_header_buffer_size 256",
            "client_max_body_size 10", "keepalive_timeout 0", "try_files $uri $uri/ /index.html",
            "set_real_ip_from 127.0.0.1", "keepalive_requests 1",
        ]
        return [Statement(dice.pick(choices))]
    }

    // MARK: locations

    private mutating func location(in place: Place, depth: Int) -> Statement {
        var head: String
        var inner: Place
        var kind = dice.pick([(45, 0), (12, 1), (8, 2), (22, 3), (6, 4)])
        if place == .pattern { kind = 3 + dice.below(2) }
        switch kind {
        case 3, 4:
            head = "\(kind == 3 ? "~" : "~*") \"\(dice.pick(World.patterns).pattern)\""
            inner = .pattern
        default:
            let path = prefix(inside: place)
            head = (kind == 1 ? "= " : kind == 2 ? "^~ " : "") + path
            inner = kind == 1 ? .exact : .prefix(path)
        }
        var block = contents(of: inner)
        if inner != .exact, depth < 2, dice.chance(22) {
            for _ in 0..<(1 + dice.below(2)) { block.append(location(in: inner, depth: depth + 1)) }
        }
        return Statement("location \(head)", withoutRepetition(block))
    }

    private mutating func prefix(inside place: Place) -> String {
        guard case .prefix(let outer) = place else { return dice.pick(World.prefixes) }
        let inside = World.prefixes.filter { $0.hasPrefix(outer) }
        let plain = outer.hasSuffix("\"") ? outer : outer + dice.pick(["", "b", "b/", "v1/", "x", "/", "/b"])
        return dice.chance(50) || inside.isEmpty ? plain : dice.pick(inside)
    }

    private mutating func namedLocation(_ name: String) -> Statement {
        Statement("location \(name)", withoutRepetition(contents(of: .named)))
    }

    private mutating func contents(of place: Place) -> [Statement] {
        var block: [Statement] = []
        if place != .named, dice.chance(5) { block.append(Statement("internal")) }
        if dice.chance(35) { block += settings(in: place, at: 1 + dice.below(2)) }
        if dice.chance(18) { block += access() }
        if dice.chance(30) { block += errorPages() }
        if dice.chance(30) { block += rewriteSteps(in: place) }
        switch dice.pick([(45, 0), (25, 1), (14, 2), (16, 3)]) {
        case 0: block += proxy(in: place)
        case 1: block += fileSteps(in: place)
        case 2: block.append(returning())
        default: break
        }
        if dice.chance(4) { block.append(limitExcept(in: place)) }
        return block
    }

    private mutating func limitExcept(in place: Place) -> Statement {
        var block = dice.chance(70) ? access().filter { $0.name != "satisfy" } : [Statement("deny all")]
        if dice.chance(25) { block.append(Statement("proxy_pass http://live")) }
        return Statement(
            "limit_except \(dice.pick(["GET", "POST", "GET POST", "PUT DELETE"]))", withoutRepetition(block))
    }

    // MARK: access and error pages

    private mutating func access() -> [Statement] {
        switch dice.below(7) {
        case 0: return [Statement("deny all")]
        case 1: return [Statement("allow 127.0.0.1"), Statement("deny all")]
        case 2: return [Statement("deny 127.0.0.0/8"), Statement("allow all")]
        case 3: return [Statement("allow 10.0.0.0/8")] + login()
        case 4:
            return [Statement("satisfy any"), Statement(dice.pick(["deny all", "allow 127.0.0.1"]))] + login()
        case 5: return [Statement("satisfy any")] + login()
        default: return login()
        }
    }

    private mutating func login() -> [Statement] {
        let realm = dice.pick(["\"who\"", "\"who\"", "\"is $arg_x\"", "off", "\"$flag\"", "$arg_m"])
        return [Statement("auth_basic \(realm)"), Statement("auth_basic_user_file %WORLD%/htpasswd")]
    }

    private mutating func errorPages() -> [Statement] {
        var list: [Statement] = []
        for _ in 0..<(1 + dice.below(2)) {
            let codes = dice.pick([
                "404", "404", "403", "401", "403 404", "502", "500 502 503 504", "418", "413", "400 405",
                "301 302", "405", "416",
            ])
            let change = dice.pick(["", "", "", " =", " =", " =200", " =403", " =301", " =204", " =503"])
            let target = dice.pick([
                "/err/404.html", "/err/404.html", "/err/50x.html", "/err/$status.html", "@n1", "@n1", "@n2",
                "/a/b.txt",
                "/b/", "/api/v1/x?y=$arg_x", "/none", "/err/404.html?q=1", "http://e.test/lost",
                "http://e.test$request_uri",
                "/b$uri", "/i/%2e", "$moved",
            ])
            list.append(Statement("error_page \(codes)\(change) \(target)"))
        }
        if dice.chance(15) { list.append(Statement("recursive_error_pages on")) }
        if dice.chance(35) { list.append(Statement("proxy_intercept_errors on")) }
        return list
    }

    // MARK: rewriting

    mutating func rewriteSteps(in place: Place, insideIf: Bool = false) -> [Statement] {
        (0..<(1 + dice.below(3))).map { _ in
            switch dice.below(insideIf ? 6 : 9) {
            case 0...2: return rewrite()
            case 3: return Statement("set $\(dice.pick(["v1", "v2", "v3"])) \"\(dice.pick(World.values))\"")
            case 4: return dice.chance(60) ? rewrite() : Statement("break")
            case 5: return dice.chance(50) ? returning() : Statement("set $v1 \"$v1$1\"")
            default: return condition(in: place)
            }
        }
    }

    private mutating func rewrite() -> Statement {
        let replacement = dice.pick([
            "/b/$1", "/api/v1/$1?x=$1", "/a/b.txt", "/b/$1?", "$1", "/c?$args", "$uri", "/index.html?q=$1",
            "/$second",
            "http://o.test/$1", "https://$host$request_uri", "/a/%20$1", "/err/404.html", "/b$uri?y=2",
            "/i/../a/b.txt",
            "//b//$1", "/api/", "$scheme://$host/r$1?z", "/$name?$args",
        ])
        let flag = dice.pick(["", "", " last", " last", " break", " break", " redirect", " permanent"])
        return Statement("rewrite \"\(dice.pick(World.patterns).pattern)\" \"\(replacement)\"\(flag)")
    }

    private mutating func condition(in place: Place) -> Statement {
        let test = dice.pick([
            "$request_method = POST", "$arg_x", "$uri ~ \"^/a/(.*)$\"", "$http_x_flag = on",
            "-f $request_filename",
            "!-e $request_filename", "-d $request_filename", "$host ~* \"^(g.*)\\.test$\"",
            "$args ~ \"x=(.*)\"",
            "$mapped", "$cookie_c != \"\"", "$net = yes", "$flag", "$request_uri ~* \"b\"", "$uri !~ \"b\"",
            "$request_method !~ \"^(GET|HEAD)$\"", "$v1 = $v2", "!-d %WORLD%/www$uri",
            "$document_root = %WORLD%/alt",
        ])
        var block: [Statement] = []
        if dice.chance(60) || place == .server { block += rewriteSteps(in: place, insideIf: true) }
        if place != .server {
            switch dice.below(6) {
            case 0: block.append(Statement("add_header X-If \"\(dice.pick(World.values))\""))
            case 1:
                block.append(
                    Statement("proxy_pass http://\(dice.pick(["live", "%GATEWAY%", "$up", "live/if$uri"]))"))
            case 2: block.append(Statement("root %WORLD%/alt"))
            case 3: block += errorPages().filter { $0.name == "error_page" }
            case 4: block.append(Statement("expires 1h"))
            default: break
            }
        }
        block = block.filter { $0.words != "proxy_pass http://live/if$uri" || place != .server }
        return Statement("if (\(test))", withoutRepetition(block))
    }

    private mutating func returning() -> Statement {
        Statement(
            dice.pick([
                "return 204", "return 404", "return 403", "return 418", "return 200 \"text $uri\"",
                "return 200 \"\"",
                "return 301 /moved", "return 302 http://e.test$request_uri",
                "return 307 $scheme://$host/x$is_args$args",
                "return 503 \"busy $1\"", "return 502", "return 301 https://$host$request_uri", "return 444",
                "return 405",
                "return https://e.test/$1", "return 401", "return 413",
                "return 400 \"bad $args\"",
                "return 200 \"$v1|$v2|$1|$mapped\"", "return 303 \"$uri\"", "return 308 /b/$1", "return 500",
            ]))
    }

    // MARK: files

    private mutating func fileSteps(in place: Place) -> [Statement] {
        var list: [Statement] = []
        switch dice.below(10) {
        case 0...2:
            list.append(
                Statement(
                    "root \(dice.pick(["%WORLD%/alt", "%WORLD%/www", "%WORLD%/$arg_x", "%WORLD%/www/a"]))"))
        case 3...6 where place != .named && place != .server:
            let captured = ["%WORLD%/alt/$1", "%WORLD%/alt/b.txt", "%WORLD%/alt/$2", "%WORLD%/www/a/$1"]
            let plain = [
                "%WORLD%/alt/", "%WORLD%/alt", "%WORLD%/alt/b.txt", "%WORLD%/www/a/", "%WORLD%/$arg_x/",
            ]
            list.append(Statement("alias \(dice.pick(place == .pattern ? captured : plain))"))
        default: break
        }
        if dice.chance(25) {
            list.append(
                Statement(
                    "index \(dice.pick(["b.txt", "index.html b.txt", "none /a/b.txt", "$arg_x b.txt", "deep/index.html"]))"
                ))
        }
        if dice.chance(35) {
            list.append(
                Statement(
                    dice.pick([
                        "try_files $uri $uri/ /index.html", "try_files $uri =404", "try_files $uri @n1",
                        "try_files /x$uri $uri/ =403",
                        "try_files $uri /a/b.txt?x=$uri", "try_files /none $uri/index.html @n2",
                        "try_files $uri/ $uri @n1",
                        "try_files /a/ =418", "try_files $uri $args =204",
                        "try_files $moved $uri /b/$1?$args", "try_files \"\" /x =404",
                    ])))
        }
        return list
    }
}
