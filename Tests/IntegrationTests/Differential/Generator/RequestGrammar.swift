/// Makes requests for a configuration: mostly for what stands in it, in all the ways of writing it.
struct RequestGrammar {
    var dice: Dice
    /// Paths that locations and patterns of the configuration are about.
    private let paths: [String]

    init(dice: Dice, servers: [Statement]) {
        self.dice = dice
        var paths: [String] = []
        for statement in servers.flatMap(\.all) {
            let words = statement.words
            if statement.name == "location", !words.contains("~ "), !words.contains("~* ") {
                let path = words.drop { $0 != "/" }.filter { $0 != "\"" }
                if !path.isEmpty { paths.append(String(path)) }
            }
            for (pattern, samples) in World.patterns where words.contains("\"\(pattern)\"") {
                paths += samples
            }
        }
        self.paths = paths.isEmpty ? ["/"] : paths
    }

    mutating func ask() -> GeneratedAsk {
        let count = dice.pick([(88, 1), (8, 2), (4, 3)])
        let requests = (0..<count).map { _ in request() }
        var answers: [GeneratedAnswer] = []
        if dice.chance(55) { answers = (0..<(1 + dice.below(2))).map { _ in answer() } }
        return GeneratedAsk(requests: requests, answers: answers)
    }

    private mutating func request() -> GeneratedRequest {
        var request = GeneratedRequest()
        request.method = dice.pick([
            (60, "GET"), (10, "HEAD"), (14, "POST"), (4, "PUT"), (3, "DELETE"), (3, "OPTIONS"), (2, "PATCH"),
            (1, "PROPFIND"),
            (1, "FOO"), (1, "get"), (1, "M-SEARCH"),
        ])
        if dice.chance(15) { request.version = "HTTP/1.0" }
        request.target = target()
        var names: Set<Substring> = []
        request.fields =
            host(request.version) + fields().filter { names.insert($0.prefix { $0 != ":" }).inserted }
        let takesBody = !["GET", "HEAD", "OPTIONS"].contains(request.method)
        if dice.chance(takesBody ? 80 : 4) { request.body = body(request.version) }
        if request.body != .none, dice.chance(8) {
            request.fields.append("Content-Type: application/x-www-form-urlencoded")
        }
        return request
    }

    // MARK: targets

    private mutating func target() -> [UInt8] {
        if dice.chance(1) { return Array("*".utf8) }
        var target = Array(path().utf8).flatMap { byte -> [UInt8] in
            // What may not stand in a target is written as an escape, and at times what may.
            let isPlain = byte > 32 && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "?")
            if isPlain, byte < 128 || dice.chance(40) { return [byte] }
            return RequestGrammar.escape(byte)
        }
        if dice.chance(30) { target = mutated(target) }
        target += Array(query().utf8)
        if dice.chance(5) {
            let origin = dice.pick([
                "http://gen.test", "http://other.test:80", "HTTP://GEN.test", "http://a.wild.test",
                "https://gen.test", "http://gen.test:%",
            ])
            target =
                Array(origin.replacing("%", with: "8080").utf8)
                + (dice.chance(15) ? Array(query().utf8) : target)
        }
        return target
    }

    private mutating func path() -> String {
        var path: String
        switch dice.below(10) {
        case 0...5: path = dice.pick(paths)
        case 6:
            path = dice.pick([
                "/a/b.txt", "/index.html", "/dir", "/a", "/", "/empty.txt", "/err/404.html", "/api",
            ])
        default: path = "/" + dice.pick(World.segments)
        }
        if dice.chance(40) { path += (path.hasSuffix("/") ? "" : "/") + dice.pick(World.segments) }
        if dice.chance(10) { path += "/" }
        return path
    }

    private mutating func mutated(_ path: [UInt8]) -> [UInt8] {
        var path = path
        for _ in 0..<(1 + dice.below(2)) {
            let at = 1 + dice.below(path.count)
            let insertion = dice.pick([
                "/../", "/./", "//", "/..", "/.", "%2e%2e/", "%2f", "%2F..%2f", "%00", "%", "%zz", "%25",
                "%3f", "%23", "%20", "+", ";p=1", ":",
                "\\", "\"", "'", "<", "%0a", "%0d%0a", "%ff", "..", "...", "/...//", "%c3%a9", "%5c", "%7f",
                "%2B", "%41", "~", "|", "{", "^",
            ])
            let index = min(at, path.count)
            switch dice.below(10) {
            case 0: path.insert(dice.pick([0xff, 0xc3, 0x80, 0xe9]), at: index)
            case 1...2 where index < path.count:
                path.replaceSubrange(index...index, with: RequestGrammar.escape(path[index]))
            default: path.insert(contentsOf: Array(insertion.utf8), at: index)
            }
        }
        return path
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    private mutating func query() -> String {
        dice.pick([
            (50, ""), (5, "?"), (8, "?x=1"), (5, "?x=a/b&y=2"), (5, "?m=1"), (3, "?m=xq&x="), (3, "?m=Yes"),
            (2, "??"), (3, "?%20+%2f"), (2, "?x=/../"),
            (2, "?x=alt"), (2, "?ip=10.1.2.3"), (2, "?X=1&x=2"), (2, "?&&"), (1, "?x=\u{e9}"),
            (2, "?a=1?b=2"), (2, "?x=off"), (1, "?x=%0d"), (1, "?m=off"),
        ])
    }

    // MARK: fields

    private mutating func host(_ version: String) -> [String] {
        if dice.chance(78) { return ["Host: gen.test"] }
        if version == "HTTP/1.0", dice.chance(60) { return [] }
        return [
            dice.pick([
                "Host: gen.test:%PORT%", "Host: GEN.Test", "Host: gen.test.", "Host: a.wild.test",
                "Host: unknown.test", "Host: 127.0.0.1:%PORT%",
                "Host: other.test", "Host: x.other.test", "Host: [::1]:80", "Host: gen.test:",
                "Host: gen_x.test", "Host: ", "Host: a/b", "Host: gen..test",
                "Host: x.dot.test:99", "host: gen.test", "Host: gen.test:80:80", "Host: user@gen.test",
            ])
        ]
    }

    private mutating func fields() -> [String] {
        guard dice.chance(55) else { return [] }
        return (0..<(1 + dice.below(3))).map { _ in
            switch dice.below(8) {
            case 0:
                return "Range: "
                    + dice.pick([
                        "bytes=0-3", "bytes=5-", "bytes=-4", "bytes=0-0,2-3", "bytes=100-200", "bytes=9-2",
                        "bytes=", "bytes=0-,-1", "items=0-1", "bytes=0-3,",
                        "bytes= 1 - 2", "bytes=0-99999999999999999999", "Bytes=0-1", "bytes=-0",
                        "bytes=1-1,0-0,3-4",
                    ])
            case 1:
                return dice.pick([
                    "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT",
                    "If-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT",
                    "If-Modified-Since: Wed, 15 Nov 2033 22:13:20 GMT", "If-Modified-Since: junk",
                    "If-None-Match: \"6553f100-37\"", "If-None-Match: *",
                    "If-None-Match: W/\"6553f100-37\", \"x\"", "If-Match: \"6553f100-37\"", "If-Match: *",
                    "If-Match: \"x\"",
                    "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:20 GMT",
                    "If-Unmodified-Since: Tue, 14 Nov 2000 22:13:20 GMT", "If-Range: \"6553f100-37\"",
                    "If-Range: Tue, 14 Nov 2023 22:13:20 GMT", "If-Range: \"x\"",
                ])
            case 2:
                return dice.pick([
                    "Authorization: Basic dXNlcjpzZWNyZXQ=", "Authorization: Basic dXNlcjpzZWNyZXQ=",
                    "Authorization: Basic dXNlcjp3cm9uZw==",
                    "Authorization: basic dXNlcjpzZWNyZXQ=", "Authorization: Bearer x",
                    "Authorization: Basic !!", "Authorization: Basic bm9ib2R5Og==",
                ])
            case 3:
                return dice.pick([
                    "Connection: close", "Connection: keep-alive", "Connection: close",
                    "X-Forwarded-For: 1.2.3.4, 10.0.0.1", "X-Real-IP: 9.9.9.9",
                ])
            case 4:
                return dice.pick([
                    "Cookie: c=1", "Cookie: s=2; c=3", "X-Flag: on", "X-Flag: off", "X-Flag: on",
                    "User-Agent: gen/1", "Referer: http://r.test/",
                ])
            case 5:
                return dice.pick([
                    "Accept-Encoding: gzip", "X_Under: 1", "X-Empty:", "X-Spaces:   a  b  ", "X-High: \u{e9}",
                    "X-Twice: 1", "X-Twice: 2", "Expect: 100-continue",
                ])
            case 6:
                return dice.pick([
                    "X.Dot: 1", "X-Flag: on", "Accept: */*", "X-Long: " + String(repeating: "l", count: 300),
                    "Via: 1.1 x", "Forwarded: for=1.1.1.1",
                ])
            default: return "X-Flag: on"
            }
        }
    }

    private mutating func body(_ version: String) -> GeneratedRequest.Body {
        let texts = ["", "x", "a=1&b=2", "longer than ten bytes", String(repeating: "0123456789", count: 40)]
        if version == "HTTP/1.1", dice.chance(35) {
            return .chunked(
                (0..<dice.below(4)).map { _ in Array(dice.pick(texts).utf8) }.filter { !$0.isEmpty })
        }
        return .length(Array(dice.pick(texts).utf8))
    }

    // MARK: answers

    private mutating func answer() -> GeneratedAnswer {
        var answer = GeneratedAnswer()
        answer.status = dice.pick([
            (40, "200 OK"), (3, "201 Created"), (3, "204 No Content"), (3, "206 Partial Content"),
            (10, "302 Found"), (4, "301 Moved"), (3, "304 Not Modified"),
            (3, "401 Unauthorized"), (5, "403 Forbidden"), (10, "404 Not Found"), (2, "418 Teapot"),
            (5, "500 Oops"), (3, "502 Bad"), (5, "503 Busy"),
            (1, "504 Late"), (1, "299 Odd"), (1, "599 Odder"), (1, "405 No"), (1, "413 Big"),
            (1, "416 Range"),
        ])
        answer.fields =
            dice.chance(85)
            ? [
                "Content-Type: \(dice.pick(["text/plain", "text/html", "text/html; charset=utf-8", "application/json"]))"
            ] : []
        if answer.status.hasPrefix("30"), dice.chance(90) {
            answer.fields.append(
                dice.pick([
                    "Location: http://live/base/x", "Location: http://live/x", "Location: /x", "Location: x",
                    "Location: http://%GATEWAY%/base/y",
                    "Location: http://gen.test/z", "Location: https://live/x",
                    "Location: http://gen.test:%PORT%/q", "Location: /b/x?y",
                ]))
        }
        // Of two orders to the front, versions of nginx take the first or the last.
        var orders: Set<Substring> = []
        answer.fields += (0..<dice.below(4)).map { _ in answerField() }.filter { field in
            !field.hasPrefix("X-Accel") || orders.insert(field.prefix { $0 != ":" }).inserted
        }
        answer.body = dice.pick([
            "", "short", "from the gateway\n", "<p>page</p>", String(repeating: "abcdefgh", count: 300),
        ])
        answer.framing = dice.pick([
            (50, .length), (25, .chunked), (12, .close), (3, .cut), (2, .reset), (2, .silence),
        ])
        return answer
    }

    private mutating func answerField() -> String {
        if dice.chance(25) {
            return "X-Accel-Redirect: "
                + dice.pick([
                    "/err/404.html", "/a/b.txt", "@n1", "/b/x?y=1", "/a/../b/b.txt", "/a/%62.txt", "/none",
                    "x", "", "/i/x", "/../secret.txt", "/api/v1/x", "/a/%2e%2e/x",
                ])
        }
        return dice.pick([
            "Set-Cookie: s=1; Path=/; Domain=up.test", "Set-Cookie: t=2; HttpOnly; Path=/base", "X-One: 1",
            "X-One: two", "Cache-Control: no-cache",
            "Expires: Thu, 01 Jan 1970 00:00:01 GMT", "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT",
            "ETag: \"g\"", "Accept-Ranges: bytes",
            "Content-Disposition: attachment", "Vary: Accept", "Server: gateway",
            "Date: Tue, 14 Nov 2023 22:13:20 GMT", "X-Accel-Buffering: no",
            "X-Accel-Expires: 10", "X-Accel-Limit-Rate: 0", "X-Accel-Charset: utf-8",
            "Refresh: 3; url=http://live/r", "Content-Range: bytes 0-3/9",
            "WWW-Authenticate: Basic realm=\"g\"", "Content-Encoding: gzip", "Link: </s>; rel=preload",
            "Keep-Alive: timeout=5", "X-Pad: x", "Connection: close",
            "P3P: x", "X-Empty:", "Content-Language: en", "Status: 404 Not Found", "Retry-After: 5",
            "Content-Location: /z", "Allow: GET", "Age: 5", "Upgrade: h2c",
        ])
    }
}
