internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The directives of servers: what they listen on, their names, and what holds before a location is found.
extension ServerSettings {
    static var directives: [Directive<Block>] {
        addressRows + headRows + TLSSettings.directives + HTTP2Offer.directives
    }

    private static var addressRows: [Directive<Block>] {
        [
            Directive(
                "listen", "An address that the server is reached at.",
                "address[:port[-port]] | port[-port] | unix:path [default_server] [ssl] [http2] [proxy_protocol] [backlog=n] [reuseport] [so_keepalive=...] [ipv6only=on|off] ...",
                default: "*:80 | *:8000", in: .server, arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                for line in try ListenReader.read(statement, block.builder) {
                    block.server?.listens.append(line)
                }
            }.repeatable,
            Directive(
                "server_name", "Names that the server answers to.", "name ...", default: "\"\"", in: .server,
                arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                for word in statement.arguments {
                    if let name = try serverName(word, block, statement) {
                        block.server?.add(name)
                    } else {
                        block.server?.addIdle(word, statement)
                    }
                }
            }.repeatable,
            .flag(
                "merge_slashes", "Whether doubled slashes in paths are merged.", in: [.http, .server],
                default: true, \.serverSettings.mergeSlashes),
        ]
    }

    /// - Returns: `nil` for what is no name of hosts: as in nginx that is wrong only where it would be
    ///   looked at, beside other servers of the address.
    private static func serverName(
        _ word: String, _ block: Block, _ statement: Statement
    ) throws(ConfigError) -> ServerName? {
        if word.hasPrefix("~") {
            let pattern = String(word.dropFirst())
            guard !pattern.isEmpty else {
                throw ConfigError("empty regex in server name \"\(word)\"", statement)
            }
            // Host names have no case.
            return .regex(try block.builder.regex(pattern, ignoringCase: true, statement))
        }
        let name = (word == "$hostname" ? Host.name : word).lowercased()
        if name.contains("/") {
            block.builder.warn(ConfigError("server name \"\(word)\" has suspicious symbols", statement))
        }
        let isCut =
            name.hasPrefix("*") ? name.utf8.count < 3 || !name.hasPrefix("*.") : name == "."
        guard !isCut else { throw ConfigError("server name \"\(word)\" is invalid", statement) }
        return HostMask(name).map { .mask($0) }
    }

    private static var headRows: [Directive<Block>] {
        let contexts: Context = [.http, .server]
        return [
            .memory(
                "client_header_buffer_size", "The first buffer for a request's head.", in: contexts,
                default: "1k", \.serverSettings.head.clientHeaderBufferSize),
            Directive(
                "large_client_header_buffers",
                "Further buffers for a large head; no line may be longer than one.", "number size",
                default: "4 8k", in: contexts, arity: 2...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let buffers = Units.buffers(statement.argument(0), statement.argument(1))
                guard let buffers, buffers.count <= 1024 else {
                    throw ConfigError("\"large_client_header_buffers\" directive invalid value", statement)
                }
                block.serverSettings.head.largeBufferCount = buffers.count
                block.serverSettings.head.largeBufferSize = buffers.size
            },
            .milliseconds(
                "client_header_timeout", "Longest time for a request's head.", in: contexts, default: "60s",
                \.serverSettings.clientHeaderTimeoutMs),
            .flag(
                "ignore_invalid_headers",
                "Whether fields with invalid names are dropped rather than passed on.", in: contexts,
                default: true, \.serverSettings.head.ignoreInvalidHeaders),
            .flag(
                "underscores_in_headers", "Whether underscores may stand in names of fields.", in: contexts,
                default: false, \.serverSettings.head.underscoresInHeaders),
            .number(
                "max_headers", "Most fields of a request.", in: contexts, default: "1000",
                \.serverSettings.head.maxFields),
        ]
    }
}

/// `listen address [parameters]`.
private enum ListenReader {
    static func read(_ statement: Statement, _ builder: ConfigurationBuilder) throws(ConfigError)
        -> [ListenLine]
    {
        var lines: [ListenLine] = []
        for address in try addresses(statement.argument(0), statement, builder) {
            var line = ListenLine(address: address, statement: statement)
            for parameter in statement.arguments.dropFirst() {
                try apply(parameter, to: &line, statement, builder)
            }
            lines.append(line)
        }
        return lines
    }

    private static func addresses(
        _ text: String, _ statement: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError)
        -> [SocketAddress]
    {
        let (first, last) = try range(text, statement)
        let addresses = try addresses(of: first, text, statement, builder)
        guard let last else { return addresses }
        guard let begin = addresses.first?.port, last >= begin else {
            throw ConfigError("invalid port range in \"\(text)\" of the \"listen\" directive", statement)
        }
        return (begin...last).flatMap { port in addresses.map { $0.with(port: port) } }
    }

    /// `8000-8010`, `address:8000-8010`: the address with the first port, and the last one.
    private static func range(
        _ text: String, _ statement: Statement
    ) throws(ConfigError) -> (first: String, last: UInt16?) {
        guard !text.hasPrefix("unix:"), let dash = text.lastIndex(of: "-") else { return (text, nil) }
        let first = String(text[..<dash])
        let (_, port) = HostAndPort.split(first)
        let end = text[text.index(after: dash)...]
        // A name may have a dash.
        if port == nil {
            guard first.allSatisfy(\.isNumber), !end.isEmpty, end.allSatisfy(\.isNumber) else {
                return (text, nil)
            }
        }
        guard let last = SocketAddress.portNumber(end), last > 0,
            !(port?.isEmpty ?? first.isEmpty)
        else { throw .invalidPort(text, statement) }
        return (first, last)
    }

    private static func addresses(
        of address: String, _ text: String, _ statement: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError)
        -> [SocketAddress]
    {
        if address == "*" { return [SocketAddress(.ipv4(0, port: 80))] }
        let isAnywhere = address.hasPrefix("*:")
        if isAnywhere || address.allSatisfy(\.isNumber) {
            guard let port = UInt16(address.dropFirst(isAnywhere ? 2 : 0)), port > 0 else {
                throw .invalidPort(text, statement)
            }
            return [SocketAddress(.ipv4(0, port: port))]
        }
        if let found = SocketAddress.parse(address, defaultPort: 80) {
            guard found.port != 0 else { throw .invalidPort(text, statement) }
            return [found]
        }
        guard !text.hasPrefix("unix:") else {
            throw ConfigError(
                "no path in the unix domain socket in \"\(text)\" of the \"listen\" directive", statement)
        }
        let place = try HostAndPort.read(
            address, defaultPort: 80, in: "\"\(text)\" of the \"listen\" directive", statement)
        let found = builder.files.resolve(host: place.host, port: place.port)
        guard !found.isEmpty else {
            throw ConfigError("host not found in \"\(text)\" of the \"listen\" directive", statement)
        }
        return found
    }

    private static func apply(
        _ parameter: String, to line: inout ListenLine, _ statement: Statement,
        _ builder: ConfigurationBuilder
    ) throws(ConfigError) {
        let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let value = parts.count > 1 ? parts[1] : nil
        switch (parts[0], value) {
        case ("default_server", nil), ("default", nil): line.isDefault = true
        case ("ssl", nil): line.isTLS = true
        case ("http2", nil):
            line.offersHTTP2 = true
            builder.warn(
                ConfigError(
                    "the \"listen ... http2\" directive is deprecated, use the \"http2\" directive instead",
                    statement))
        case ("proxy_protocol", nil): line.usesProxyProtocol = true
        case ("quic", nil):
            throw .unsupported(
                "parameter \"\(parameter)\" of \"listen\"", advice: "HTTP/3 is not spoken: leave it out",
                statement)
        case ("accept_filter", _?), ("multipath", nil):
            line.hasSocketOptions = true
            builder.warn(
                ConfigError("\"\(parameter)\" of \"listen\" is not supported here, ignored", statement))
        default:
            line.hasSocketOptions = true
            try applySocket(parts[0], value, parameter, to: &line.options, statement)
        }
    }

    private static func applySocket(
        _ name: String, _ value: String?, _ parameter: String, to options: inout ListenOptions,
        _ statement: Statement
    ) throws(ConfigError) {
        switch (name, value) {
        case ("bind", nil): break
        case ("reuseport", nil): options.reuseport = true
        case ("deferred", nil): options.isDeferred = true
        case ("backlog", let text?):
            guard let number = Units.number(text), number > 0, number <= Int32.max else {
                throw ConfigError("invalid backlog \"backlog=\(text)\"", statement)
            }
            options.backlog = Int32(number)
        case ("ipv6only", "on"): options.ipv6only = true
        case ("ipv6only", "off"): options.ipv6only = false
        case ("rcvbuf", let text?): options.receiveBuffer = try size(text, name, statement)
        case ("sndbuf", let text?): options.sendBuffer = try size(text, name, statement)
        case ("fastopen", let text?):
            guard let number = Units.number(text), number <= Int32.max else {
                throw ConfigError("invalid fastopen \"fastopen=\(text)\"", statement)
            }
            options.fastopen = Int32(number)
        case ("so_keepalive", "on"): options.keepalive = .on(idle: nil, interval: nil, count: nil)
        case ("so_keepalive", "off"): options.keepalive = .off
        case ("so_keepalive", let text?): options.keepalive = try keepalive(text, statement)
        default: throw ConfigError("invalid parameter \"\(parameter)\"", statement)
        }
    }

    private static func size(_ text: String, _ name: String, _ statement: Statement) throws(ConfigError)
        -> Int32
    {
        guard let size = Units.size(text), size > 0, size <= Int32.max else {
            throw ConfigError("invalid \(name) \"\(name)=\(text)\"", statement)
        }
        return Int32(size)
    }

    /// `idle:interval:count`, each of which may be missing.
    private static func keepalive(_ text: String, _ statement: Statement) throws(ConfigError)
        -> ListenOptions.Keepalive
    {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        while parts.count < 3 { parts.append("") }
        guard parts.count == 3, parts.contains(where: { !$0.isEmpty }) else {
            throw ConfigError("invalid so_keepalive value: \"\(text)\"", statement)
        }
        func value(_ part: String, _ read: (String) -> Int?) throws(ConfigError) -> Int32? {
            if part.isEmpty { return nil }
            guard let number = read(part), number > 0, number <= 32767 else {
                throw ConfigError("invalid so_keepalive value: \"\(text)\"", statement)
            }
            return Int32(number)
        }
        return .on(
            idle: try value(parts[0], Units.seconds), interval: try value(parts[1], Units.seconds),
            count: try value(parts[2], Units.number))
    }
}

extension ConfigError {
    fileprivate static func invalidPort(_ text: String, _ statement: Statement) -> ConfigError {
        ConfigError("invalid port in \"\(text)\" of the \"listen\" directive", statement)
    }
}
