internal import Core

/// What of the page is asked for, in its URL: which upstream, what is looked for, in which order, which page.
package struct StatusView: Equatable {
    /// What upstreams and servers are ordered by; those with the most come first, but for names.
    enum Order: String, CaseIterable {
        /// What is in trouble first, else as in the configuration.
        case trouble
        case name, rate, requests, errors, fails, slow
    }

    /// A table that is shown alone and whole, page by page, where the page of the service has a part of it.
    enum List: String {
        case serverZones = "server-zones"
        case locationZones = "location-zones"
        case limits, certificates, workers, events, errors

        /// Rows on a page: as many as stay below 60 kB whatever their words are.
        var pageRows: Int {
            switch self {
            case .serverZones, .locationZones, .limits, .workers: 60
            case .certificates: 30
            case .events, .errors: 25
            }
        }
    }

    /// This one alone.
    var upstream: String?
    var list: List?
    /// A part of names of upstreams or servers, or of a state.
    var query = ""
    var order = Order.trouble
    /// The first is 1.
    var page = 1

    /// Something of it is asked for at all.
    private(set) var isAsked = false

    /// All upstreams, from the first.
    package init() {}

    /// - Parameter value: of an argument of the URL, by its name.
    package init(_ value: (String) -> String?) {
        upstream = value("upstream").flatMap { $0.isEmpty ? nil : $0 }
        list = value("list").flatMap { List(rawValue: $0) }
        query = String((value("q") ?? "").prefix(100))
        order = value("sort").flatMap { Order(rawValue: $0) } ?? .trouble
        isAsked = ["upstream", "q", "sort"].contains { value($0) != nil }
        page = value("page").flatMap { Int($0) }.map { min(max($0, 1), 1_000_000) } ?? 1
    }

    /// The query of a URL that asks for it.
    var url: String {
        var parts: [String] = []
        if let upstream { parts.append("upstream=\(StatusView.encoded(upstream))") }
        if let list { parts.append("list=\(list.rawValue)") }
        if !query.isEmpty { parts.append("q=\(StatusView.encoded(query))") }
        if order != .trouble { parts.append("sort=\(order.rawValue)") }
        if page > 1 { parts.append("page=\(page)") }
        return "?" + parts.joined(separator: "&")
    }

    /// As a part of a path or of a query (RFC 3986 §2.3).
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if byte.isASCIIAlpha || byte.isASCIIDigit || "-._~".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + String(byte, radix: 16, uppercase: true).padded(to: 2)
            }
        }
        return result
    }

    func ordered(by order: Order) -> StatusView {
        var view = self
        view.order = order
        view.page = 1
        return view
    }

    func at(page: Int) -> StatusView {
        var view = self
        view.page = page
        return view
    }
}

extension String {
    /// With zeros in front.
    fileprivate func padded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - utf8.count)) + self
    }
}
