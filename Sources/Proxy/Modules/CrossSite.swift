internal import Core
internal import HTTP

/// Whether a browser sent a request on behalf of another site's page: such a page can make the browser of
/// somebody who may write do so, with that one's address and password.
///
/// - SeeAlso: W3C Fetch Metadata §2.1 (`Sec-Fetch-Site`), RFC 6454 §7 (`Origin`).
enum CrossSite {
    /// - Parameters:
    ///   - sites: values of `Sec-Fetch-Site`, which no page can set. It says more than `Origin`, and counts
    ///     alone where there is one.
    ///   - origins: values of `Origin`.
    ///   - host: the `Host` field.
    static func isForeign(sites: [String], origins: [String], host: String) -> Bool {
        guard sites.isEmpty else {
            // `same-site` is another port of this host, or a neighbour's name.
            return !sites.allSatisfy { ["same-origin", "none"].contains($0) }
        }
        return !origins.allSatisfy { isOwn($0.lowercased(), host.lowercased()) }
    }

    /// Whether `scheme://host:port` is what the request was sent to; `null` is nobody's.
    private static func isOwn(_ origin: String, _ host: String) -> Bool {
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")] where origin.hasPrefix(scheme) {
            let authority = origin.dropFirst(scheme.count)
            return !authority.isEmpty && without(port, authority) == without(port, host[...])
        }
        return false
    }

    private static func without(_ port: String, _ authority: Substring) -> Substring {
        authority.hasSuffix(port) ? authority.dropLast(port.count) : authority
    }

    static func isForeign(_ exchange: Exchange) -> Bool {
        isForeign(
            sites: exchange.requestFields(named: "sec-fetch-site"),
            origins: exchange.requestFields(named: "origin"),
            host: exchange.requestFields(named: "host").first ?? "")
    }
}

extension Exchange {
    /// The values of all fields of a name, which is in small letters. For cold paths.
    fileprivate func requestFields(named name: String) -> [String] {
        head.fields.compactMap { field in
            text(of: field.name).lowercased() == name ? text(of: field.value) : nil
        }
    }

    private func text(of slice: Slice) -> String {
        headBytes.withBytes(of: slice) { bytes in
            var text = ""
            for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
            return text
        }
    }
}
