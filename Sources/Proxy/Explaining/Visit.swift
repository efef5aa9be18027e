internal import Config
internal import Core
internal import HTTP
internal import Net

/// A request that is to be explained, as words of a command line say it.
package struct ExplainQuestion {
    let url: String
    let client: String
    let method: String
    /// `Name: value`, each.
    let fields: [String]
    /// Where a path alone is asked for; `nil`: at the first address that is listened on.
    var address: SocketAddress?

    /// A question in the words of whoever asks; what is wrong with them, the answer says.
    package init(url: String, client: String, method: String, fields: [String]) {
        self.url = url
        self.client = client
        self.method = method
        self.fields = fields
    }
}

/// A client that is not there, and what it would send.
struct Visit {
    let listen: ListenAddress
    /// Where it would connect to.
    let localAddress: SocketAddress
    /// Where it would come from.
    let client: SocketAddress
    /// Whom it would name in a handshake, in small letters; `nil`: nobody (RFC 6066 §3: no addresses).
    let serverName: [UInt8]?
    /// What it asks for, in words.
    let title: String
    /// The bytes of its request.
    let head: [UInt8]

    /// - Throws: what is wrong with the words, or that nobody listens there.
    init(_ question: ExplainQuestion, _ listeners: [ListenAddress]) throws(ConfigError) {
        guard let client = SocketAddress(ip: question.client, port: 50_000) else {
            throw ConfigError("\"\(question.client)\" is no address of a client")
        }
        let url = try VisitURL(question.url)
        let (listen, local) = try Visit.listener(for: url, listeners, near: question.address)
        let authority = url.authority.isEmpty ? Visit.authority(of: listen, at: local) : url.authority
        let host = String(HostAndPort.split(authority).0)
        let isAddress = host.hasPrefix("[") || SocketAddress(ip: host, port: 0) != nil
        serverName = isAddress ? nil : host.utf8.map(\.asciiLowercased)
        self.listen = listen
        self.client = client
        localAddress = local
        let isConnect = question.method == "CONNECT"
        var lines = ["\(question.method) \(isConnect ? authority : url.target) HTTP/1.1"]
        let isHostGiven = question.fields.contains { $0.lowercased().hasPrefix("host:") }
        if !isHostGiven { lines.append("Host: \(authority)") }
        lines += question.fields
        for line in lines where line.utf8.contains(where: { $0 < 0x20 && $0 != UInt8.tab }) {
            throw ConfigError("a request has no control characters: \"\(line)\"")
        }
        for field in question.fields where !field.contains(":") {
            throw ConfigError("a field is written as \"Name: value\", not \"\(field)\"")
        }
        head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        title = "\(question.method) \(listen.isTLS ? "https" : "http")://\(authority)\(url.target)"
    }

    /// The server that refuses to shake hands with it; `nil`: none does.
    var refusingServer: VirtualServer? {
        let own = listen.defaultServer
        guard listen.isTLS, let context = own.tls, context.successor(serverName, listen) == nil else {
            return nil
        }
        return serverName.flatMap { listen.server(forHost: $0.span).server } ?? own
    }

    private static func listener(
        for url: VisitURL, _ listeners: [ListenAddress], near address: SocketAddress?
    ) throws(ConfigError) -> (ListenAddress, SocketAddress) {
        let reachable = listeners.filter { $0.address.port != nil }
        guard let port = url.port else {
            if let address, let found = listener(at: address, among: reachable) {
                return (found, local(found, literal: address))
            }
            guard let first = reachable.first else { throw ConfigError("no port is listened on") }
            return (first, local(first, literal: nil))
        }
        let here = reachable.filter { $0.address.port == port }
        let literal = SocketAddress(ip: url.hostWithoutBrackets, port: port)
        guard
            let found = literal.flatMap({ listener(at: $0, among: here) })
                ?? here.first(where: { $0.address.isWildcard && !$0.address.isIPv6 })
                ?? here.first(where: \.address.isWildcard) ?? here.first
        else {
            let known = reachable.map(\.address.text).joined(separator: ", ")
            throw ConfigError("nobody listens on port \(port); addresses that are listened on: \(known)")
        }
        guard found.isTLS == url.isTLS else {
            throw ConfigError(
                "\(found.address.text) speaks "
                    + (found.isTLS ? "TLS: write https://" : "no TLS: write http://")
            )
        }
        return (found, local(found, literal: literal))
    }

    /// Who hears connections to an address.
    private static func listener(at address: SocketAddress, among all: [ListenAddress]) -> ListenAddress? {
        let wildcards = all.filter { $0.address.isWildcard && $0.address.port == address.port }
        return all.first { $0.address == address }
            ?? wildcards.first { $0.address.isIPv6 == address.isIPv6 } ?? wildcards.first
    }

    /// Who is asked where a path alone was given: the default server by its name, if that is one that a
    /// client can ask for and no pattern, else the address.
    private static func authority(of listen: ListenAddress, at local: SocketAddress) -> String {
        let name = listen.defaultServer.serverName
        let isHost = name.allSatisfy { $0.isASCIIAlpha || $0.isASCIIDigit || "-._".utf8.contains($0) }
        guard isHost, let first = name.first, first != UInt8(ascii: ".") else { return local.text }
        return String(decoding: name, as: UTF8.self)
    }

    private static func local(_ listen: ListenAddress, literal: SocketAddress?) -> SocketAddress {
        guard listen.address.isWildcard else { return listen.address }
        if let literal { return literal }
        return SocketAddress(ip: "127.0.0.1", port: listen.address.port ?? 0) ?? listen.address
    }
}

/// `http://host:port/path?query`, or a path alone.
private struct VisitURL {
    /// Empty: none was given.
    private(set) var authority = ""
    private(set) var target = "/"
    private(set) var isTLS = false
    /// `nil`: a path alone was given.
    private(set) var port: UInt16?

    var hostWithoutBrackets: String {
        let host = HostAndPort.split(authority).0
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
    }

    init(_ text: String) throws(ConfigError) {
        // What stands behind it stays with the client.
        let text = text.prefix { $0 != "#" }
        if text.hasPrefix("/") {
            target = String(text)
            return
        }
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            throw ConfigError("\"\(text)\" is neither a URL of http or https nor a path")
        }
        isTLS = text.hasPrefix("https://")
        let rest = text.dropFirst(isTLS ? 8 : 7)
        authority = String(rest.prefix { $0 != "/" && $0 != "?" })
        let path = rest.dropFirst(authority.count)
        if !path.isEmpty { target = path.hasPrefix("/") ? String(path) : "/" + path }
        guard !authority.isEmpty, !authority.contains("@"), !authority.hasPrefix(":") else {
            throw ConfigError("there is no host in \"\(text)\"")
        }
        if authority.hasPrefix("["), !authority.contains("]") {
            throw ConfigError("the address in \"\(text)\" does not end: \"]\" is missing")
        }
        guard let digits = HostAndPort.split(authority).1 else {
            port = isTLS ? 443 : 80
            return
        }
        guard let number = UInt16(digits), number > 0 else {
            throw ConfigError("\"\(digits)\" is no port")
        }
        port = number
    }
}

extension SocketAddress {
    fileprivate var isWildcard: Bool {
        switch kind {
        case .ipv4(let value, _): value == 0
        case .ipv6(let high, let low, _): high == 0 && low == 0
        case .unix: false
        }
    }
}
