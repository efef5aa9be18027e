/// What would become of a request, for people: what was asked, what was found out, and a form to ask again.
/// It works without a script.
package struct ExplainPage {
    private let fields: [String]
    private let text: String
    private let isGood: Bool
    private let back: String

    /// Most bytes of the explanation, as HTML.
    private static var textMax: Int { 50_000 }

    /// - Parameters:
    ///   - fields: URL, method, client and a line of the head, as they were asked.
    ///   - text: what came of it; empty: nothing was asked.
    ///   - back: where the status page is.
    package init(fields: [String], text: String, isGood: Bool, back: String) {
        self.fields = fields
        self.text = text
        self.isGood = isGood
        self.back = back
    }

    /// What a browser may do with the page: nothing but send its form where it came from.
    package static func contentSecurityPolicy(nonce: String) -> String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; img-src data:; base-uri 'none'; form-action 'self';"
            + " frame-ancestors 'none'"
    }

    /// The form: a field for the URL, and for the rest.
    ///
    /// - Parameter fields: what stands in them.
    static func form(to path: String, _ fields: [String], isWhole: Bool) -> String {
        var html = "<form class=\"explain\" action=\"\(StatusPage.escaped(path))\">"
        for (place, field) in [
            ("url", "URL or path", "/"), ("method", "Method", "GET"), ("client", "Client", "address"),
            ("header", "A field", "Name: value"),
        ].enumerated() where isWhole || place == 0 {
            let value = place < fields.count ? fields[place] : ""
            html += "<label>\(field.1) <input name=\"\(field.0)\" placeholder=\"\(field.2)\""
            html += " maxlength=\"4000\" autocomplete=\"off\"\(place == 0 ? " required" : "")"
            html += " value=\"\(StatusPage.escaped(Wording.printable(value)))\"></label> "
        }
        return html + "<button>Explain</button></form>"
    }

    /// The whole of it.
    package func html(nonce: String) -> String {
        let style = "<style nonce=\"\(nonce)\">\(ExplainPage.style)</style>"
        var html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        html += "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">"
        html += "<title>What becomes of a request – Portico</title>\(style)</head>"
        html += "<body><main><h1>What becomes of a request</h1>"
        html += "<p>Nothing is sent, counted or logged. Health, limits and sessions are as they are now.</p>"
        html += ExplainPage.form(to: "", fields, isWhole: true)
        if !text.isEmpty {
            html += "<pre tabindex=\"0\" role=\"region\" aria-label=\"Explanation\""
            html += "\(isGood ? "" : " class=\"bad\"")>\(shown)</pre>"
        }
        if !back.isEmpty {
            html += "<p><a href=\"\(StatusPage.escaped(back))\">Back to the status page</a></p>"
        }
        return html + "</main></body></html>\n"
    }

    /// Whole lines, as many as the page has room for.
    private var shown: String {
        var shown = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let next = StatusPage.escaped(String(line)) + "\n"
            guard shown.utf8.count + next.utf8.count <= ExplainPage.textMax else {
                return shown + "and more: ask for format=text\n"
            }
            shown += next
        }
        return shown
    }

    private static var style: String {
        """
        body{font:16px/1.5 system-ui,sans-serif;margin:1rem;color-scheme:light dark}
        main{max-width:76rem;margin:0 auto}h1{font-size:1.2rem}
        form{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end}label{display:grid;font-size:.85rem}
        label:first-child{flex:1 1 22rem}
        input,button{font:inherit;font-size:1rem;padding:.25rem .5rem;min-width:0}
        pre{font-size:.85rem;line-height:1.45;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid;
        border-radius:.4rem;padding:.7rem .9rem}.bad{border-left:.4rem solid #a3141e}
        """
    }
}
