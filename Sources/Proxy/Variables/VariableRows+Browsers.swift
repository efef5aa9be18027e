internal import Core
internal import HTTP

/// Variables of what the client's browser is.
extension Variables {
    static var browserRows: [VariableRow] {
        [
            .always("modern_browser", "`modern_browser_value` for a modern browser, or nothing.") {
                exchange, out in
                guard exchange.isOfModernBrowser else { return }
                out.append(exchange.location.settings.browsers.modernValue)
            },
            .always("ancient_browser", "`ancient_browser_value` for an old browser, or nothing.") {
                exchange, out in
                guard !exchange.isOfModernBrowser else { return }
                out.append(exchange.location.settings.browsers.ancientValue)
            },
            .always("msie", "`1` for Microsoft's Internet Explorer, or nothing.") { exchange, out in
                let isExplorer = exchange.withRequestField(.userAgent) { BrowserKinds.isExplorer($0) }
                if isExplorer == true { out.append("1") }
            },
        ]
    }
}
