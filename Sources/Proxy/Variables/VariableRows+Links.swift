internal import Core

/// Variables of what a link is worth.
extension Variables {
    static var linkRows: [VariableRow] {
        [
            .always("invalid_referer", "`1` if `valid_referers` does not name the page that led here.") {
                exchange, out in
                if exchange.location.settings.referers.table?.allow(exchange) == false { out.append("1") }
            },
            VariableRow("secure_link", "`1` if the link is valid, `0` if it has expired; or its path.") {
                SecureLink.append(for: $0, to: $1)
            },
            .unlessEmpty("secure_link_expires", "When the link expires, in seconds since the epoch.") {
                SecureLink.appendExpiry(for: $0, to: $1)
            },
        ]
    }
}
