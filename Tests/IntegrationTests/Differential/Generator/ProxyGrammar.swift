extension ConfigurationGrammar {
    /// A `proxy_pass` of one of its forms, and what belongs to it.
    mutating func proxy(in place: Place) -> [Statement] {
        let plain = ["%GATEWAY%", "live", "pool", "dead", "mixed", "%DEAD%"]
        let uris = ["/", "/base", "/base/", "/base/?q=1", "/a%20b/", "/base?", "/b/../c", "/é/"]
        let variable = [
            "$up", "$up/", "$up/x", "%GATEWAY%$uri", "%GATEWAY%/p/$1", "live$request_uri",
            "live/$arg_x?$args", "%GATEWAY%/v$is_args$args",
            "live/$first?$second", "live$moved", "$up$uri$is_args$args",
        ]
        var target = dice.pick([(70, "live"), (0, "")] + plain.map { (10, $0) })
        var list: [Statement] = []
        if place.takesURI, dice.chance(50) { target += dice.pick(uris) }
        if dice.chance(20) {
            target = dice.pick(variable)
            if target.hasPrefix("$up") {
                list.append(Statement("set $up \(dice.pick(["live", "%GATEWAY%", "dead"]))"))
            }
        }
        list.append(Statement("proxy_pass http://\(target)"))
        if dice.chance(35) { list += proxySettings(1 + dice.below(2)) }
        if dice.chance(15) {
            var choices = [
                "http://live/ /l/", "http://$proxy_host/ /p/", "off", "~^http://[^/]+/(.*)$ /t/$1", "/ /sub/",
                "~*base /$1",
            ]
            if !target.contains("$") { choices.append("default") }
            list.append(Statement("proxy_redirect \(dice.pick(choices))"))
        }
        return list
    }

    mutating func proxySettings(_ count: Int) -> [Statement] {
        (0..<count).flatMap { _ -> [Statement] in
            if dice.chance(45) { return requestHeaders() }
            return [
                Statement(
                    dice.pick([
                        "proxy_hide_header X-One", "proxy_hide_header Content-Type",
                        "proxy_pass_header Server", "proxy_pass_header X-Accel-Redirect",
                        "proxy_pass_header Date", "proxy_ignore_headers X-Accel-Redirect",
                        "proxy_ignore_headers Set-Cookie X-Accel-Buffering",
                        "proxy_cookie_path / /c/", "proxy_cookie_path ~^/(.*)$ /$1/r",
                        "proxy_cookie_domain up.test down.test",

                        "proxy_method POST", "proxy_method GET",
                        "proxy_pass_request_body off", "proxy_pass_request_headers off",
                        "proxy_set_body \"b=$uri\"", "proxy_set_body \"$request_body\"",
                        "proxy_buffering off", "proxy_request_buffering off", "proxy_http_version 1.0",
                        "proxy_intercept_errors on",
                        "proxy_next_upstream error http_404 http_503", "proxy_next_upstream off",
                        "proxy_buffer_size 1k",
                        "proxy_next_upstream error non_idempotent http_500", "client_body_buffer_size 8",
                        "proxy_ignore_headers X-Accel-Expires Expires",
                    ]))
            ]
        }
    }

    private mutating func requestHeaders() -> [Statement] {
        // Whoever sets one field inherits none, and nginx of old says `Connection: close` then.
        [Statement("proxy_set_header Connection \"\"")]
            + (0..<(1 + dice.below(2))).map { _ in
                Statement(
                    dice.pick([
                        "proxy_set_header Host $host", "proxy_set_header Host $http_host",
                        "proxy_set_header Host fixed.test",
                        "proxy_set_header X-V \"\(dice.pick(World.values))\"",
                        "proxy_set_header X-V \"\(dice.pick(World.values))\"",
                        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for",
                        "proxy_set_header X-Real-IP $remote_addr",
                        "proxy_set_header Cookie \"\"", "proxy_set_header X-Flag \"\"",
                        "proxy_set_header Accept-Encoding \"\"",
                        "proxy_set_header Content-Type text/x", "proxy_set_header Range \"\"",
                        "proxy_set_header Authorization \"\"",
                        "proxy_set_header If-None-Match \"\"",
                    ]))
            }
    }

    /// Settings that may stand at the server or in a location.
    mutating func settings(in place: Place, at count: Int) -> [Statement] {
        (0..<count).flatMap { _ -> [Statement] in
            switch dice.below(10) {
            case 0...3:
                let always = dice.pick(["", "", " always"])
                let name = dice.pick([
                    "X-One", "X-Two", "Cache-Control", "Location", "Last-Modified", "Content-Type", "ETag",
                    "X-Two", "Set-Cookie",
                ])
                return [Statement("add_header \(name) \"\(dice.pick(World.values))\"\(always)")]
            case 4:
                return [
                    Statement(
                        "expires \(dice.pick(["1h", "-1", "epoch", "max", "off", "modified 1d", "0"]))"
                    )
                ]
            case 5...6: return proxySettings(1)
            default:
                return [
                    Statement(
                        dice.pick([
                            "default_type text/x-default", "etag off", "if_modified_since before",
                            "if_modified_since off", "absolute_redirect off",
                            "server_name_in_redirect on", "port_in_redirect off", "client_max_body_size 10",
                            "keepalive_timeout 0", "max_ranges 1",
                            "max_ranges 0", "chunked_transfer_encoding off", "real_ip_header X-Real-IP",
                            "index b.txt", "root %WORLD%/alt",
                            "real_ip_recursive on", "types { text/x-t txt; }", "client_max_body_size 0",
                            "log_not_found off", "limit_rate_after 1m",
                            "lingering_close off",
                        ]))
                ].map { $0.words.hasPrefix("types") ? Statement("types", [Statement("text/x-t txt")]) : $0 }
            }
        }
    }

    private static let repeatable: Set<Substring> = [
        "location", "if", "rewrite", "set", "return", "break", "add_header", "proxy_set_header", "error_page",
        "allow", "deny",
        "proxy_hide_header", "proxy_pass_header", "listen", "proxy_cookie_path", "limit_except",
    ]

    /// Leaves out what nginx calls a duplicate.
    func withoutRepetition(_ block: [Statement]) -> [Statement] {
        var seen: Set<Substring> = []
        return block.filter { statement in
            if statement.name == "location" {
                return seen.insert(Substring(statement.words.replacing("^~ ", with: ""))).inserted
            }
            if ConfigurationGrammar.repeatable.contains(statement.name) { return true }
            let name = statement.name == "alias" ? "root" : statement.name
            return seen.insert(name).inserted
        }
    }
}
