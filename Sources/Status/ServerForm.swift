internal import Core
internal import Sharing
internal import Upstream

/// One server of an upstream as a page of buttons: what can be done to it, each with what it means. It works
/// without a script.
package struct ServerForm {
    /// What a button stands for.
    package enum Action: String, CaseIterable, Sendable {
        case drain, undrain, down, up, weight

        /// What it says.
        fileprivate var title: String {
            switch self {
            case .drain: "Drain"
            case .undrain: "End the drain"
            case .down: "Take down"
            case .up: "Bring up"
            case .weight: "Set the weight"
            }
        }

        fileprivate var meaning: String {
            switch self {
            case .drain: "It gets no new requests, but those of sessions that are bound to it."
            case .undrain: "It gets requests again."
            case .down: "It gets no new requests at all."
            case .up: "It gets requests again."
            case .weight: "Its part of the requests, beside the weights of the others."
            }
        }

        /// It takes the server out of use.
        fileprivate var isGrave: Bool { self == .drain || self == .down }
    }

    /// What came of what was asked for.
    package struct Notice {
        let text: String
        let isGood: Bool

        /// A sentence, and whether it is good news.
        package init(_ text: String, isGood: Bool) {
            self.text = text
            self.isGood = isGood
        }
    }

    private let upstream: StatusReport.Upstream
    private let servers: [StatusReport.Server]
    private let token: String
    private let notice: Notice?
    private let back: String?

    /// What a browser may do with the page: nothing but send its forms where it came from.
    package static func contentSecurityPolicy(nonce: String) -> String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; base-uri 'none'; form-action 'self';"
            + " frame-ancestors 'none'"
    }

    /// - Parameters:
    ///   - id: of the server; a name stands for its addresses.
    ///   - token: what the forms send back to show that this page was read.
    ///   - back: where the status page is.
    /// - Returns: `nil`: there is no such server.
    package init?(
        _ report: StatusReport, id: Int, token: String, showing notice: Notice?, back: String?
    ) {
        guard let upstream = report.upstreams.first else { return nil }
        servers = upstream.servers.filter { $0.id == id || $0.settings.parentID == id }
        guard !servers.isEmpty else { return nil }
        self.upstream = upstream
        self.token = token
        self.notice = notice
        self.back = back
    }

    private var first: StatusReport.Server { servers[0] }

    private var name: String { first.settings.dynamicName?.text ?? first.settings.name }

    /// Those that make sense now.
    private var actions: [Action] {
        let isDraining = first.settings.isDraining || first.state == .draining
        return [isDraining ? .undrain : .drain, first.settings.isDown ? .up : .down, .weight]
    }

    /// None but these servers can take the next request.
    private var isLast: Bool {
        let ids = Set(servers.map(\.id))
        let usable = upstream.servers.filter { upstream.canServe($0) }
        return !usable.isEmpty && usable.allSatisfy { ids.contains($0.id) }
    }

    // MARK: The page

    /// The whole of it.
    package func html(nonce: String) -> String {
        let title = "\(escaped(name)) of upstream \(escaped(upstream.name))"
        var html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        html += "<meta name=\"color-scheme\" content=\"light dark\">"
        html +=
            "<title>\(title) – Portico</title><style nonce=\"\(nonce)\">\(ServerForm.style)</style></head>"
        html += "<body><main><h1>\(title)</h1>"
        if let notice {
            html +=
                "<p role=\"status\" class=\"\(notice.isGood ? "good" : "bad")\">\(escaped(notice.text))</p>"
        }
        html += "<table><thead><tr><th scope=\"col\">Server</th><th scope=\"col\">State</th>"
        html += "<th scope=\"col\">Weight</th><th scope=\"col\">Requests now</th></tr></thead><tbody>"
        for server in servers { html += row(server) }
        html += "</tbody></table>"
        if isLast {
            html += "<p class=\"bad\">No other server of this upstream can take a request.</p>"
        }
        for action in actions { html += form(action) }
        if let back { html += "<p><a href=\"\(escaped(back))\">Back to the status page</a></p>" }
        return html + "</main></body></html>\n"
    }

    private func row(_ server: StatusReport.Server) -> String {
        let state = Wording.state(server.state) + (server.reason.isEmpty ? "" : ": \(server.reason)")
        return "<tr><th scope=\"row\">\(escaped(server.settings.name))</th><td>\(escaped(state))</td>"
            + "<td>\(server.settings.weight)</td><td>\(server.active)</td></tr>"
    }

    private func form(_ action: Action) -> String {
        var html = "<form method=\"post\"><h2>\(action.title)</h2><p>\(action.meaning)"
        if action.isGrave, isLast { html += " <strong>The upstream can serve nothing then.</strong>" }
        html += "</p><input type=\"hidden\" name=\"token\" value=\"\(escaped(token))\">"
        html += "<input type=\"hidden\" name=\"action\" value=\"\(action.rawValue)\">"
        if action == .weight {
            html += "<label>Weight <input type=\"number\" name=\"weight\" min=\"1\" max=\"65535\" required"
            html += " value=\"\(first.settings.weight)\"></label>"
        }
        if action.isGrave {
            html += "<label><input type=\"checkbox\" name=\"sure\" value=\"yes\" required>"
            html += " I mean \(escaped(name)) of \(escaped(upstream.name))</label>"
        }
        return html + "<button>\(action.title)</button></form>"
    }

    private func escaped(_ text: String) -> String { StatusPage.escaped(Wording.printable(text)) }

    private static var style: String {
        """
        body{font:16px/1.5 system-ui,sans-serif;margin:1rem;color-scheme:light dark}
        main{max-width:44rem;margin:0 auto}h1{font-size:1.2rem;overflow-wrap:anywhere}
        h2{font-size:1rem;margin:0}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem .3rem 0}
        td,th{overflow-wrap:anywhere}form{border-top:1px solid;padding:.7rem 0}form p{margin:.2rem 0 .5rem}
        label{display:block;margin:0 0 .5rem}button,input{font:inherit}button{padding:.3rem 1rem}
        input[type=number]{width:7rem}.good,.bad{padding:.5rem .8rem;font-weight:600;border-left:.4rem solid}
        .good{border-color:#17693a}.bad{border-color:#a3141e}
        """
    }
}
