import Foundation

/// Every way in which an error leads to a place, and every way in which that place may be closed.
enum ErrorAccessMatrix {
    /// How the error comes about: a location's text, with its `error_page` to be put in.
    struct Source: Sendable {
        let name: String
        let code: Int
        let text: String
        var answers: [GatewayAnswer] = []
    }

    static let sources = [
        Source(name: "404", code: 404, text: "root %PREFIX%/www;"),
        Source(name: "403", code: 403, text: "deny all; root %PREFIX%/www;"),
        Source(name: "418", code: 418, text: "return 418;"),
        Source(name: "502", code: 502, text: "proxy_pass http://dead;"),
        Source(
            name: "intercepted", code: 410, text: "proxy_intercept_errors on; proxy_pass http://%GATEWAY1%;",
            answers: [.fixed("gone", status: "410 Gone")]),
    ]

    /// How the place is closed.
    static let closings = [
        "auth": "auth_basic closed; auth_basic_user_file %PREFIX%/users;",
        "deny": "deny all;",
        "any": "satisfy any; deny all; auth_basic closed; auth_basic_user_file %PREFIX%/users;",
        "address": "satisfy any; allow 127.0.0.1; auth_basic closed; auth_basic_user_file %PREFIX%/users;",
        "costly": "auth_basic closed; auth_basic_user_file %PREFIX%/costly;",
    ]

    /// What the place holds.
    static let contents = [
        "static": "root %PREFIX%/www; try_files /page.txt =404;",
        "proxied": "proxy_pass http://%GATEWAY1%;",
    ]

    /// The hops from the error to the place `%`, by the target of `error_page`.
    static let ways = ["/in/%/x", "@%", "@try-%", "@accel-%"]

    /// "secret" in words that nobody needs long for, and by bcrypt.
    static let files = [
        "users": "anna:{PLAIN}secret\n",
        "costly": "anna:$2y$10$3pzvbxJn8bhLcVdgMoGdSeOOBiM8.h9TY3GibvOL825.L/tb6/Q.C\n",
        "www/page.txt": "a page for friends\n",
    ]

    /// The locations of one server.
    static func locations(contents: [String: String]) -> String {
        var text = ""
        for (content, handler) in contents.sorted(by: { $0.key < $1.key }) {
            for (closing, rules) in closings.sorted(by: { $0.key < $1.key }) {
                let place = "\(content)-\(closing)"
                text += "location /in/\(place)/ { \(rules) \(handler) }\n"
                text += "location @\(place) { \(rules) \(handler) }\n"
                text += "location @try-\(place) { root %PREFIX%/www; try_files /none /in/\(place)/x; }\n"
                text += "location @accel-\(place) { proxy_pass http://%GATEWAY1%; }\n"
                for source in sources {
                    for (index, way) in ways.enumerated() {
                        let target = way.replacingOccurrences(of: "%", with: place)
                        text += "location /\(source.name)/\(index)/\(place) { "
                        text += "error_page \(source.code) = \(target); \(source.text) }\n"
                    }
                }
            }
        }
        return text
    }

    static let credentials = [nil, "anna:wrong", "anna:secret"].map { (text: String?) -> [String] in
        text.map { ["Authorization: Basic " + Data($0.utf8).base64EncodedString()] } ?? []
    }

    /// One error, one way from it, one place.
    struct Cell: Sendable {
        let source: Source
        let wayIndex: Int
        let content: String
        let closing: String

        var way: String { ErrorAccessMatrix.ways[wayIndex] }
        var place: String { "\(content)-\(closing)" }
        var target: String { "/\(source.name)/\(wayIndex)/\(place)" }

        /// What the gateway says until the place is reached.
        var answers: [GatewayAnswer] {
            guard way.hasPrefix("@accel") else { return source.answers }
            return source.answers + [.fixed("", fields: ["X-Accel-Redirect: /in/\(place)/x"])]
        }
    }

    static func cells(contents: [String: String]) -> [Cell] {
        var cells: [Cell] = []
        for source in sources {
            for wayIndex in ways.indices {
                for content in contents.keys.sorted() {
                    // Of what takes long a part says enough.
                    let isCostly = source.name == "404" || source.name == "intercepted"
                    for closing in closings.keys.sorted() where closing != "costly" || isCostly {
                        cells.append(
                            Cell(source: source, wayIndex: wayIndex, content: content, closing: closing))
                    }
                }
            }
        }
        return cells
    }
}

extension DifferentialGroup {
    /// Where an error leads, access is checked as everywhere.
    static var errorAccess: DifferentialGroup {
        typealias Matrix = ErrorAccessMatrix
        var cases: [DifferentialCase] = []
        for cell in Matrix.cells(contents: Matrix.contents) {
            for (who, fields) in zip(["stranger", "liar", "friend"], Matrix.credentials) {
                cases.append(
                    DifferentialCase(
                        "\(cell.source.name) to \(cell.way) \(cell.place), \(who)",
                        .get(cell.target, fields), answers: cell.answers
                    ).withoutProbe)
            }
        }
        return DifferentialGroup(
            name: "access at error pages",
            http: """
                upstream dead { server %DEAD% max_fails=0; }
                server { listen 127.0.0.1:%PORT1%;
                \(Matrix.locations(contents: Matrix.contents)) }
                """,
            files: Matrix.files, cases: cases)
    }

    /// Realms that are values, and refusals that lead on.
    static var accessSettings: DifferentialGroup {
        let friend = ErrorAccessMatrix.credentials[2]
        return DifferentialGroup(
            name: "access by values",
            http: #"""
                map $arg_r $realm { default $arg_r; }
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
                    auth_basic_user_file %PREFIX%/users;
                    location /all/ { auth_basic $realm; try_files /page.txt =404; }
                    location /any/ { satisfy any; deny all; auth_basic $realm; try_files /page.txt =404; }
                    location /any-in/ { satisfy any; allow 127.0.0.1; deny all; auth_basic $realm;
                        try_files /page.txt =404; }
                    location /any-none/ { satisfy any; auth_basic $realm; try_files /page.txt =404; }
                    location /capitals/ { auth_basic OFF; try_files /page.txt =404; }
                    location /login/ { auth_basic one; error_page 401 = @two; try_files /page.txt =404; }
                    location @two { auth_basic two; try_files /page.txt =404; }
                    location /loop/ { auth_basic one; error_page 401 /loop/login; try_files /page.txt =404; }
                    location /deep/ { recursive_error_pages on; error_page 404 = @closed; }
                    location @closed { recursive_error_pages on; auth_basic x; error_page 401 = @open;
                        try_files /page.txt =404; }
                    location @open { auth_basic off; return 200 "log in\n"; }
                    location /methods/ { limit_except GET { deny all; } error_page 403 = @two;
                        try_files /page.txt =404; }
                    location /bad/ { auth_basic bad; try_files /page.txt =404; }
                    error_page 400 = /bad/x;
                }
                """#,
            files: ErrorAccessMatrix.files,
            cases: [
                .init("a realm", .get("/all/?r=x"), .get("/all/?r=x", friend)),
                .init("a realm that is off", .get("/all/?r=off")),
                .init("a realm that is OFF", .get("/all/?r=OFF")),
                .init("a realm that is empty", .get("/all/")),
                .init("satisfy any, a realm", .get("/any/?r=x"), .get("/any/?r=x", friend)),
                .init("satisfy any, off", .get("/any/?r=off"), .get("/any/?r=off", friend)),
                .init("satisfy any, off, allowed", .get("/any-in/?r=off"), .get("/any-in/?r=x")),
                .init("satisfy any, off, no rule", .get("/any-none/?r=off"), .get("/any-none/?r=x")),
                .init("OFF is a realm", .get("/capitals/")),
                .init("a refusal leads to another", .get("/login/"), .get("/login/", friend)),
                .init("a refusal leads to itself", .get("/loop/"), .get("/loop/", friend)),
                .init("recursive pages of a closed one", .get("/deep/x"), .get("/deep/x", friend)),
                .init("limit_except", .post("/methods/", "x"), .post("/methods/", "x", friend)),
                .init("the page of a bad request", .raw("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n")),
                .init("the page of a request without Host", .raw("GET / HTTP/1.1\r\n\r\n")),
            ])
    }
}
