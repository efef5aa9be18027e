internal import Config
internal import Core
internal import HTTP

/// `proxy_redirect`: rewrites what an upstream says about itself.
enum ProxyRedirectFilter {
    /// Writes what becomes of a field that the directives may change.
    ///
    /// - Returns: false, and nothing is written, if no rule applies: the value goes as it is.
    static func rewrite(
        _ name: FieldName, _ value: Span<UInt8>, _ exchange: Exchange, into out: ByteBuffer
    ) -> Bool {
        switch name {
        case .location: rewriteLocation(value, exchange, into: out)
        case .refresh: rewriteRefresh(value, exchange, into: out)
        case .setCookie: CookieFilter.rewrite(value, exchange, into: out)
        default: false
        }
    }

    /// Writes the rewritten `Location` to `out`.
    static func rewriteLocation(_ value: Span<UInt8>, _ exchange: Exchange, into out: ByteBuffer) -> Bool {
        if exchange.location.settings.proxy.redirectIsOff { return false }
        return rewrite(value, from: 0, by: redirects(of: exchange), exchange, into: out)
    }

    /// Writes the rewritten `Refresh`, whose URL follows `url=`, to `out`.
    private static func rewriteRefresh(
        _ value: Span<UInt8>, _ exchange: Exchange, into out: ByteBuffer
    ) -> Bool {
        guard !exchange.location.settings.proxy.redirectIsOff, let start = urlStart(in: value) else {
            return false
        }
        return rewrite(value, from: start, by: redirects(of: exchange), exchange, into: out)
    }

    private static func redirects(of exchange: Exchange) -> [ProxyRedirect] {
        let redirects = exchange.location.settings.proxy.redirects.elements
        return redirects.isEmpty
            ? [ProxyRedirect(pattern: .locationDefault, replacement: Template(constant: []))] : redirects
    }

    /// Applies the first of `rules` that matches `value` from `start` on.
    static func rewrite(
        _ value: Span<UInt8>, from start: Int, by rules: [ProxyRedirect], _ exchange: Exchange,
        into out: ByteBuffer
    ) -> Bool {
        let subject = value.extracting(start..<value.count)
        for rule in rules {
            switch rule.pattern {
            case .locationDefault:
                guard let target = exchange.proxying.target, !target.hasVariables else { continue }
                let matched = withScratch(of: exchange) { scratch in
                    appendURL(of: target, exchange, to: scratch)
                    return prefixLength(subject, scratch)
                }
                guard let matched else { continue }
                out.append(value.extracting(0..<start))
                appendLocationName(of: exchange, target, to: out)
                out.append(subject.extracting(matched..<subject.count))
                return true
            case .prefix(let template):
                let matched = withScratch(of: exchange) { scratch in
                    template.append(for: exchange, to: scratch)
                    return prefixLength(subject, scratch)
                }
                guard let matched else { continue }
                out.append(value.extracting(0..<start))
                rule.replacement.append(for: exchange, to: out)
                out.append(subject.extracting(matched..<subject.count))
                return true
            case .regex(let index):
                guard exchange.matches(regex: index, subject) else { continue }
                out.append(value.extracting(0..<start))
                rule.replacement.append(for: exchange, to: out)
                return true
            }
        }
        return false
    }

    /// What the client calls the place that the URL of `proxy_pass` stands for.
    private static func appendLocationName(of exchange: Exchange, _ target: ProxyTarget, to out: ByteBuffer) {
        guard target.uri != nil else { return out.append("/") }
        if case .regex = exchange.location.kind { return }
        out.append(exchange.location.nameBytes)
    }

    /// The URL of `proxy_pass`; without a URI part it ends where one would begin.
    private static func appendURL(of target: ProxyTarget, _ exchange: Exchange, to out: ByteBuffer) {
        out.append(target.isTLS ? "https://" : "http://")
        out.append(target.hostText)
        if let uri = target.uri {
            uri.append(for: exchange, to: out)
        } else {
            out.append("/")
        }
    }

    private static func withScratch<Value>(of exchange: Exchange, _ body: (ByteBuffer) -> Value) -> Value {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        return body(scratch)
    }

    /// The length of `prefix`, if `subject` begins with it.
    private static func prefixLength(_ subject: Span<UInt8>, _ prefix: ByteBuffer) -> Int? {
        guard subject.count >= prefix.count else { return nil }
        for index in 0..<prefix.count where subject[index] != prefix[index] { return nil }
        return prefix.count
    }

    private static func urlStart(in value: Span<UInt8>) -> Int? {
        guard value.count >= 4 else { return nil }
        for start in 0...(value.count - 4)
        where equalsIgnoringCase(value.extracting(start..<(start + 4)), "url=") {
            return start + 4
        }
        return nil
    }
}
