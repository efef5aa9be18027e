internal import Config
internal import Core
internal import Net

/// `proxy_cookie_domain`, `proxy_cookie_path`, `proxy_cookie_flags`: rewrites the cookies that a gateway
/// sets.
///
/// As in nginx, a cookie that one of them changes is written anew, part by part.
enum CookieFilter {
    /// Writes the rewritten `Set-Cookie` to `out`.
    ///
    /// - Returns: false, and nothing is written, if no rule applies: the value goes as it is.
    static func rewrite(_ cookie: Span<UInt8>, _ exchange: Exchange, into out: ByteBuffer) -> Bool {
        let proxy = exchange.location.settings.proxy
        if proxy.cookieDomains.elements.isEmpty, proxy.cookiePaths.elements.isEmpty,
            proxy.cookieFlags.elements.isEmpty
        {
            return false
        }
        let before = out.count
        var part = CookiePart(at: 0, of: cookie)
        // What begins with no `name=` is no cookie.
        guard let value = part.value else { return false }
        out.append(cookie.extracting(part.name))
        out.append("=")
        out.append(cookie.extracting(value))
        let ruled = flags(for: cookie.extracting(part.name), exchange)
        var flags = ruled ?? []
        var isChanged = ruled != nil
        while part.end < cookie.count {
            part = CookiePart(at: part.end + 1, of: cookie)
            let name = cookie.extracting(part.name)
            if isDropped(name, &flags) { continue }
            out.append("; ")
            let value = cookie.extracting(part.value ?? 0..<0)
            if let sameSite = sameSite(name, &flags), !equalsIgnoringCase(value, sameSite) {
                out.append("SameSite=")
                out.append(sameSite)
                continue
            }
            out.append(name)
            if part.value != nil {
                out.append("=")
                if rewrite(value, of: name, exchange, into: out) {
                    isChanged = true
                } else {
                    out.append(value)
                }
            }
        }
        appendMissing(flags, to: out)
        if !isChanged { out.truncate(to: before) }
        return isChanged
    }

    // MARK: Flags

    /// What the first rule that fits the cookie says; `nil`: none does, or it says nothing.
    private static func flags(for name: Span<UInt8>, _ exchange: Exchange) -> CookieFlags? {
        for rule in exchange.location.settings.proxy.cookieFlags.elements where fits(rule, name, exchange) {
            let flags = flags(of: rule, exchange)
            return flags.isEmpty ? nil : flags
        }
        return nil
    }

    private static func fits(_ rule: CookieFlagRule, _ name: Span<UInt8>, _ exchange: Exchange) -> Bool {
        switch rule.subject {
        case .regex(let index): return exchange.matches(regex: index, name)
        case .name(let template):
            let wanted = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(wanted) }
            template.append(for: exchange, to: wanted)
            return wanted.withReadable { equalsIgnoringCase(name, $0) }
        }
    }

    private static func flags(of rule: CookieFlagRule, _ exchange: Exchange) -> CookieFlags {
        let text = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(text) }
        var flags: CookieFlags = []
        for template in rule.flags {
            text.removeAll()
            template.append(for: exchange, to: text)
            if text.isEmpty { continue }
            let known = text.withReadable { word in
                CookieFlags.words.first { equalsIgnoringCase(word, $0.word) }
            }
            if let known {
                flags.insert(known.flag)
            } else {
                exchange.log(.error, "invalid proxy_cookie_flags flag \"\(text.printableText)\"")
            }
        }
        return flags
    }

    /// Whether the attribute called `name` is taken away; one that is wanted and there is wanted no more.
    private static func isDropped(_ name: Span<UInt8>, _ flags: inout CookieFlags) -> Bool {
        if flags.isEmpty { return false }
        if equalsIgnoringCase(name, "secure") {
            return flags.remove(.secure) == nil && flags.contains(.insecure)
        }
        if equalsIgnoringCase(name, "httponly") {
            return flags.remove(.httpOnly) == nil && flags.contains(.notHTTPOnly)
        }
        guard equalsIgnoringCase(name, "samesite") else { return false }
        return flags.contains(.noSameSite) && flags.isDisjoint(with: [.strict, .lax, .sameSiteNone])
    }

    /// What the attribute `name` is to say, if it is `SameSite` and a rule says something of it.
    private static func sameSite(_ name: Span<UInt8>, _ flags: inout CookieFlags) -> StaticString? {
        guard let value = sameSite(flags), equalsIgnoringCase(name, "samesite") else { return nil }
        flags.subtract(value.flag)
        return value.text
    }

    private static func sameSite(_ flags: CookieFlags) -> (flag: CookieFlags, text: StaticString)? {
        if flags.contains(.strict) { return (.strict, "Strict") }
        if flags.contains(.lax) { return (.lax, "Lax") }
        return flags.contains(.sameSiteNone) ? (.sameSiteNone, "None") : nil
    }

    private static func appendMissing(_ flags: CookieFlags, to out: ByteBuffer) {
        if flags.contains(.secure) { out.append("; Secure") }
        if flags.contains(.httpOnly) { out.append("; HttpOnly") }
        guard let value = sameSite(flags) else { return }
        out.append("; SameSite=")
        out.append(value.text)
    }

    // MARK: Domain and path

    private static func rewrite(
        _ value: Span<UInt8>, of name: Span<UInt8>, _ exchange: Exchange, into out: ByteBuffer
    ) -> Bool {
        let proxy = exchange.location.settings.proxy
        if equalsIgnoringCase(name, "path") {
            return ProxyRedirectFilter.rewrite(
                value, from: 0, by: proxy.cookiePaths.elements, exchange, into: out)
        }
        guard equalsIgnoringCase(name, "domain") else { return false }
        for rule in proxy.cookieDomains.elements {
            if rewriteDomain(value, by: rule, exchange, into: out) { return true }
        }
        return false
    }

    /// Names are compared whole and without case; a dot before the gateway's does not matter, and stays.
    private static func rewriteDomain(
        _ value: Span<UInt8>, by rule: ProxyRedirect, _ exchange: Exchange, into out: ByteBuffer
    ) -> Bool {
        switch rule.pattern {
        case .locationDefault: return false
        case .regex(let index):
            guard exchange.matches(regex: index, value) else { return false }
        case .prefix(let template):
            let start = !value.isEmpty && value[0] == UInt8(ascii: ".") ? 1 : 0
            let wanted = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(wanted) }
            template.append(for: exchange, to: wanted)
            let subject = value.extracting(start..<value.count)
            guard wanted.withReadable({ equalsIgnoringCase(subject, $0) }) else { return false }
            out.append(value.extracting(0..<start))
        }
        rule.replacement.append(for: exchange, to: out)
        return true
    }
}
