internal import Config
internal import Core
internal import HTTP
internal import Net

/// Why a request is served by this server and in this location.
extension RequestTrace {
    /// The server has been chosen.
    func chose(serverOf exchange: Exchange) {
        let listen = exchange.client.listen
        let host = exchange.host.printableText
        let found = exchange.host.withReadable { listen.server(forHost: $0) }
        let reason: String
        switch found.pattern {
        case .matched(let pattern):
            reason =
                "the expression \"\(pattern.source)\" of \(pattern.place) matches \"\(host)\","
                + " and no other name does"
        case .excess: reason = "it takes too long to say which name matches \"\(host)\""
        case .none where found.server == nil:
            reason = "no server at \(listen.address.text) has a name for \"\(host)\": it is the default one"
        case .none:
            let mask = exchange.host.withReadable { listen.mask(forHost: $0) }
            reason = mask.map { RequestTrace.reason($0, host) } ?? "it has the name \"\(host)\""
        }
        let name = String(decoding: exchange.server.serverName, as: UTF8.self)
        add(
            .server, name.isEmpty ? "the one without a name" : name, of: exchange,
            at: exchange.server.base.place?.description, [reason])
    }

    private static func reason(_ mask: HostMask, _ host: String) -> String {
        switch mask {
        case .exact(""): "the request has no host, and the server no name"
        case .exact(let name): "\"\(name)\" is one of its names"
        case .domain(let name): "its name \"\(name)\" stands for \"\(host)\""
        case .head, .tail: "its name \"\(mask.text)\" matches \"\(host)\", and no exact name does"
        }
    }

    /// A location was looked for.
    func found(_ search: LocationSearch, for exchange: Exchange) {
        let patterns = exchange.snapshot.configuration.patterns
        let path = exchange.uri.printableText
        switch search.match {
        case .none:
            let known = candidates(of: exchange, chosen: nil)
            add(
                .location, "none for \"\(path)\": the server's own settings hold", of: exchange,
                at: exchange.server.base.place?.description, known)
        case .location(let location):
            let known = candidates(of: exchange, chosen: location)
            add(
                .location, "\(location.title(patterns).droppingWord) for \"\(path)\"", of: exchange,
                at: location.place?.description, known)
        case .redirectToSlash(let location):
            add(
                .location,
                "\(location.title(patterns).droppingWord) is the path \"\(path)\" and a slash:"
                    + " the client is sent there",
                of: exchange, at: location.place?.description)
        }
    }

    private func candidates(of exchange: Exchange, chosen: Location?) -> [String] {
        let patterns = exchange.snapshot.configuration.patterns
        return LocationCandidates(exchange.server, path: exchange.uri.bytes, chosen: chosen, patterns).lines
    }

    /// The request goes on elsewhere, as the server itself wants it.
    func redirected(_ exchange: Exchange, to target: [UInt8]) {
        let shown = ByteBuffer.shown { $0.append(target) }
        add(.redirect, "goes on internally at \(shown)", of: exchange)
    }

    /// `try_files` has looked for a file.
    func tried(_ name: ByteBuffer, _ isThere: Bool, _ exchange: Exchange) {
        add(
            .file, "try_files: \"\(name.printableText)\" is \(isThere ? "there" : "not there")", of: exchange)
    }
}
