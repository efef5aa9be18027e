import TestSupport

/// A difference from nginx that is a decision, or that nothing can be done about, and why.
struct IntendedDifference: Sendable {
    enum Effect: Sendable {
        /// Makes lines of both the same; what is left is looked at by the other rules.
        case lines(@Sendable (_ difference: Difference, _ lines: [String]) -> [String])
        /// Explains all that is left.
        case whole(@Sendable (Difference) -> Bool)
    }

    let name: String
    let reason: String
    let effect: Effect

    init(lines name: String, _ reason: String, _ even: @escaping @Sendable (Difference, [String]) -> [String])
    {
        self.name = name
        self.reason = reason
        effect = .lines(even)
    }

    init(_ name: String, _ reason: String, _ covers: @escaping @Sendable (Difference) -> Bool) {
        self.name = name
        self.reason = reason
        effect = .whole(covers)
    }

    static let all: [IntendedDifference] = lines + requests + responses

    private static let lines = [
        IntendedDifference(
            lines: "100 for nobody",
            "who sends no content, or has sent it already, waits for no 100 (RFC 9110 §10.1.1)"
        ) { difference, lines in
            difference.asksWith { $0.hasPrefix("Expect:") }
                ? lines.filter { $0 != "interim: HTTP/1.1 100 Continue" } : lines
        },
        IntendedDifference(
            lines: "name in the length of pages",
            "a HEAD's Content-Length counts the program's name in a page that is not there"
        ) { difference, lines in
            guard difference.asks(method: "HEAD") else { return lines }
            return lines.map { line in
                guard line.hasPrefix("Content-Length: "), !difference.model.contains(line),
                    let length = Int(line.dropFirst(16)),
                    difference.model.contains("Content-Length: \(length - 2)")
                else { return line }
                return "Content-Length: \(length - 2)"
            }
        },
        IntendedDifference(
            lines: "a Date at all times",
            "who passes on a response without Date gives it one (RFC 9110 §6.6.1), also under proxy_pass_header Date"
        ) { difference, lines in
            guard difference.has("proxy_pass_header Date") else { return lines }
            return lines.filter { $0 != "Date: now" }.map {
                $0.hasPrefix("Expires: now") ? "Expires: near now" : $0
            }
        },
        IntendedDifference(
            lines: "one place, one tag",
            "of a redirect and its error page that both have a Location or ETag, the page's counts; nginx sends both"
        ) { difference, lines in
            guard difference.has("error_page") else { return lines }
            var kept: [String] = []
            for line in lines {
                let name = line.prefix { $0 != ":" }
                let isSingle = name == "Location" || name == "ETag"
                if isSingle, let last = kept.last, last.hasPrefix("\(name): ") { kept.removeLast() }
                kept.append(line)
            }
            return kept
        },
        IntendedDifference(
            lines: "connections to gateways are kept",
            "nginx before 1.29.7 asks gateways to close where proxy_set_header is given without Connection"
        ) { difference, lines in
            guard let start = lines.firstIndex(where: { $0.hasPrefix("=== gateway") }) else { return lines }
            return Array(lines[..<start]) + lines[start...].filter { $0 != "Connection: close" }
        },
        IntendedDifference(
            lines: "the charset of another response",
            "X-Accel-Charset is dropped, and the charset of a response that led elsewhere ends with it"
        ) { difference, lines in
            guard difference.answersWith("X-Accel-") else { return lines }
            return lines.map { $0.replacing("; charset=utf-8", with: "") }
        },
        IntendedDifference(
            lines: "Content-Range outside of 206 and 416",
            "a range that could not be served says nothing about the page that error_page 416 leads to"
        ) { difference, lines in
            difference.has("error_page 416")
                ? lines.filter { !$0.hasPrefix("Content-Range: bytes */") } : lines
        },
        IntendedDifference(
            lines: "keep-alive that is meant",
            "nginx keeps after a server's `return` whatever keepalive_ lines say, and closes after 412 in spite of its word"
        ) { difference, lines in
            let isUnkept = difference.model.contains { $0.hasPrefix("[closed silently") }
            let isEarly = difference.has("keepalive_requests 1") || difference.has("keepalive_timeout 0")
            guard difference.model.contains("Connection: keep-alive"), isUnkept || isEarly else {
                return lines
            }
            return lines.filter {
                !$0.hasPrefix("Connection: ") && $0 != "[open]" && !$0.hasPrefix("[closed")
            }
        },
    ]

    private static let requests = [
        IntendedDifference("Host that is none", "a Host must be valid by RFC 3986: no user, one port") {
            difference in
            difference.asksWith { field in field.contains("user@") || field.contains(":80:80") }
        },
        IntendedDifference(
            "fields behind a refused Host", "are known to the page for it; nginx has stopped reading at it"
        ) { difference in
            difference.asksWith { $0.hasPrefix("Host: ") && ($0.contains("/") || $0.contains("..")) }
                && difference.has("error_page 400") && difference.model.allSatisfy(difference.ours.contains)
        },
        IntendedDifference(
            "controls and spaces",
            "never stand in a field or a request line; nginx lets an escaped line feed end one"
        ) { difference in
            difference.ask.requests.contains { request in
                let target = String(latin1: request.target).lowercased()
                return ["%0", "%1", "%20", "%7f"].contains(where: target.contains)
            }
                && ["proxy_pass", "rewrite", "return", "$"].contains(where: difference.has)
        },
        IntendedDifference("auth_basic without a user file", "it denies; nginx lets everybody in") {
            difference in
            difference.has("auth_basic ") && !difference.has("auth_basic_user_file")
        },
        IntendedDifference(
            "$content_length of chunked content",
            "is empty, since none was declared; nginx says how much it has kept or thrown away so far"
        ) { difference in
            difference.has("$content_length") && difference.isChunked
                && difference.ours.allSatisfy(difference.model.contains)
        },
        IntendedDifference(
            "too much content, thrown away",
            "a chunked body beyond client_max_body_size ends the connection, whoever would have read it"
        ) { difference in
            difference.has("client_max_body_size") && difference.isChunked
                && difference.ours.contains("Connection: close")
                && (difference.ask.requests.count > 1
                    || difference.partsOnly {
                        $0.hasPrefix("Connection: ") || $0 == "[open]" || $0 == "[closed]"
                    })
        },
    ]

    private static let responses = [
        IntendedDifference(
            "add_header with 416",
            "without `always` fields go with the statuses that the documentation lists; nginx looks at the range later"
        ) { difference in
            difference.ours.contains { $0.hasPrefix("HTTP/1.1 416") }
                && (difference.has("add_header") || difference.has("expires"))
                && difference.ours.allSatisfy(difference.model.contains)
        },
        IntendedDifference(
            "escapes in redirects of rewrite",
            "stay as they are; nginx decodes what needs none, and loses a percent sign"
        ) { difference in
            difference.has("rewrite")
                && difference.ask.requests.contains { $0.target.contains(UInt8(ascii: "%")) }
                && difference.partsOnly { $0.hasPrefix("Location: ") }
        },
        IntendedDifference(
            "variables that follow their source",
            "a value is made anew when it is asked for; nginx remembers what was asked for earlier"
        ) { difference in
            difference.has("$sent_http_") && (difference.has("set ") || difference.has("if "))
                && difference.model.first == difference.ours.first
        },
        IntendedDifference("an index without a name", "is passed over; nginx goes round in a circle") {
            difference in
            difference.has("index $arg_x") && difference.model.contains { $0.hasPrefix("HTTP/1.1 500") }
        },
        IntendedDifference(
            "a pipeline that ends early",
            "nginx says keep-alive after 412 and after a server's `return` under keepalive_ lines, and closes"
        ) { difference in
            let endsEarly = difference.model.contains("*** closed without an answer")
            return difference.ask.requests.count > 1
                && (endsEarly && difference.model.contains { $0.hasPrefix("HTTP/1.1 412") }
                    || difference.has("keepalive_"))
        },
        IntendedDifference(
            "a Host at all times", "a gateway is never asked in HTTP/1.1 without one (RFC 9112 §3.2)"
        ) {
            difference in
            difference.has("proxy_set_header Host $http_host")
                && difference.partsOnly { $0.hasPrefix("Host: ") }
        },
        IntendedDifference(
            "types of names that begin with dots",
            "go by what stands behind the last dot; nginx sees none in /..html"
        ) { difference in
            difference.ask.requests.contains { String(latin1: $0.target).contains("/.") }
                && difference.partsOnly { $0.hasPrefix("Content-Type: ") }
        },
        IntendedDifference(
            "try_files with alias in a pattern",
            "the names are taken as they stand; nginx mixes them with the path"
        ) { difference in
            difference.has("try_files") && difference.has("alias") && difference.has("location ~")
        },
        IntendedDifference(
            "captures of a map",
            "leave $1 alone; nginx measures a text before them and writes it after them: 500"
        ) { difference in
            difference.has("$mapped") && difference.has("$1") && difference.asksFor("m=x")
        },
        IntendedDifference(
            "names of fields by the default server",
            "the server's name is known when all fields are read; nginx goes by the fields that stand before it"
        ) { difference in
            difference.has("default_server")
                && difference.partsOnly { $0.hasPrefix("X.Dot") || $0.hasPrefix("X_Under") }
        },
        IntendedDifference(
            "alias where the path was rewritten",
            "is a 500 whatever the method; nginx looks at the method first"
        ) { difference in
            difference.has("alias") && difference.has("break")
                && !["GET", "HEAD", "POST"].contains(where: difference.asks(method:))
        },
        IntendedDifference(
            "what the proxy said before X-Accel-Redirect",
            "is still known; nginx forgets it with the location"
        ) { difference in
            difference.has("$proxy_") && difference.answersWith("X-Accel-Redirect")
                && difference.model.allSatisfy(difference.ours.contains)
        },
        IntendedDifference(
            "proxy_redirect of a nested location", "is about its own proxy_pass; nginx takes the outer one's"
        ) { difference in
            difference.partsOnly { $0.hasPrefix("Location: ") || $0.hasPrefix("Refresh: ") }
                && difference.servers.flatMap(\.all).contains { outer in
                    let inside = outer.block ?? []
                    return inside.contains { $0.name == "proxy_pass" }
                        && inside.contains {
                            $0.name == "location" && $0.all.contains { $0.name == "proxy_pass" }
                        }
                }
        },
        IntendedDifference(
            "$status of a part", "is that of the response; nginx adds fields before it looks at the range"
        ) { difference in
            difference.has("$status") && difference.ours.contains { $0.hasPrefix("HTTP/1.1 206") }
                && difference.partsOnly { $0.hasSuffix(": 200") || $0.hasSuffix(": 206") }
        },
        IntendedDifference("OPTIONS *", "is about the server, and answered by it (RFC 9110 §9.3.7)") {
            difference in
            difference.asks(method: "OPTIONS")
                && difference.ask.requests.contains { $0.target == [UInt8(ascii: "*")] }
        },
        IntendedDifference(
            "characters that may not stand in a path",
            "are escaped whenever a path is written anew, whether the client has escaped others or not"
        ) { difference in
            difference.ask.requests.contains { request in
                request.target.contains { $0 >= 128 || "\"<>\\^`{|}".utf8.contains($0) }
            }

                && difference.partsOnly {
                    $0.hasPrefix("=== gateway: ") || $0.hasPrefix("g1 /") || $0.hasPrefix("Content-Length: ")
                }
        },
        IntendedDifference(
            "an index of a file", "alias of a file, asked for with a slash: 404; nginx's 500 is an alert"
        ) {
            difference in
            difference.has("/b.txt") && difference.has("alias")
                && difference.model.contains("Connection: close")
        },
        IntendedDifference("X-Accel-Redirect that is no path", "what does not begin with a slash is a 404") {
            difference in
            difference.answersWith("X-Accel-Redirect: x") || difference.answersWith("X-Accel-Redirect: @")
        },
        IntendedDifference(
            "a body that is not passed",
            "with proxy_pass_request_body off no length is declared; nginx declares it and sends nothing"
        ) { difference in
            difference.has("proxy_pass_request_body off")
                && difference.ask.requests.contains { $0.body != .none }
        },
        IntendedDifference(
            "a pooled connection that breaks",
            "an idempotent request is sent again on another connection, without counting as a try"
        ) { difference in
            difference.ask.answers.contains { $0.framing == .reset || $0.framing == .silence }
                && difference.ours.count { $0.hasPrefix("=== ") }
                    > difference.model.count { $0.hasPrefix("=== ") }
        },
    ]
}
