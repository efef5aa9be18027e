internal import Config
internal import Core
internal import Net
internal import Upstream

/// TLS towards peers: `proxy_ssl_…` of all locations.
extension ConfigurationBuilder {
    func proxyPlan(of block: Block) throws(ConfigError) -> ProxyPlan {
        let tls = try tlsClient(block.settings, block.statement)
        var identity = ConnectionIdentity()
        if case .proxy(let target) = block.settings.content {
            let words = block.statement?.words.joined(separator: " ") ?? ""
            identity = ConnectionIdentity(
                block.settings.proxy, target, tls: tls.name,
                location: "\(serverBlocks.count) \(block.path) \(words)")
        }
        let numbered = NumberedIdentity(identity) { text in
            if let known = connectionKeys[text] { return known }
            connectionKeys[text] = connectionKeys.count + 1
            return connectionKeys.count
        }
        var certificate: MadeClientCertificate?
        if tls.context != nil, block.settings.proxy.hasMadeCertificate {
            certificate = try madeCertificate(block)
        }
        return ProxyPlan(block.settings, tls: tls, identity: numbered, certificate: certificate)
    }

    /// The context for a location's `proxy_ssl_…`; equal settings share one.
    ///
    /// - Returns: no context for a location that does not pass to `https`.
    func tlsClient(
        _ settings: LocationSettings, _ statement: Statement?
    ) throws(ConfigError) -> (key: Int, name: String, context: TLSClientContext?) {
        guard case .proxy(let target) = settings.content, target.isTLS || target.hasVariables else {
            return (0, "", nil)
        }
        if target.isTLS && !target.hasVariables { tlsUpstreams.insert(target.groupName) }
        let proxy = settings.proxy
        let description =
            "\(proxy.sslVerify) \(proxy.sslVerifyDepth) \(proxy.sslTrustedCertificate ?? "")"
            + " \(proxy.sslProtocols.rawValue)"
            + " \(proxy.sslCiphers) \(proxy.sslCertificate ?? "") \(proxy.sslCertificateKey ?? "")"
            + " \(proxy.sslServerName) \(proxy.sslName?.source ?? "")"
            + " \(proxy.sslConfCommands.elements)"
            + (proxy.httpVersion == .http2 ? " h2 \(proxy.needsHTTP2)" : "")
            + tlsClientFingerprint(proxy)
        if let key = tlsClientKeys[description] { return (key, description, tlsClients[key - 1]) }
        do throws(ConfigError) {
            tlsClients.append(try makeTLSClient(proxy, for: target))
        } catch {
            throw ConfigError(error.message, at: error.location ?? statement?.location)
        }
        tlsClientKeys[description] = tlsClients.count
        return (tlsClients.count, description, tlsClients[tlsClients.count - 1])
    }

    /// Files that hold something else after a reload make another context.
    private func tlsClientFingerprint(_ proxy: ProxySettings) -> String {
        files.beginSecretGroup()
        return [
            proxy.sslTrustedCertificate, proxy.sslCertificate, proxy.sslCertificateKey, proxy.sslRevocations,
            proxy.sslPasswordFile,
        ]
        .map { path in
            guard let path, !path.isEmpty, !path.contains("$") else { return " -" }
            return " \(Digest.sha256((try? secret(path)) ?? []))"
        }.joined()
    }

    /// `proxy_ssl_certificate` with variables.
    private func madeCertificate(_ block: Block) throws(ConfigError) -> MadeClientCertificate? {
        let proxy = block.settings.proxy
        guard let chain = proxy.sslCertificate, let key = proxy.sslCertificateKey,
            let statement = block.statement
        else { return nil }
        return MadeClientCertificate(
            try tlsClientSettings(proxy, named: "proxy"),
            MadeCertificate(
                chain: try template(chain, statement), key: try template(key, statement),
                directory: directory),
            passwords: try passwords(proxy), caching: proxy.certificateCaching)
    }

    private func makeTLSClient(
        _ proxy: ProxySettings, for target: ProxyTarget
    ) throws(ConfigError) -> TLSClientContext {
        let settings = try tlsClientSettings(proxy, named: target.directivePrefix)
        do throws(TLSError) {
            return try TLSClientContext(settings)
        } catch {
            throw ConfigError(error.message)
        }
    }

    private func passwords(_ proxy: ProxySettings) throws(ConfigError) -> [[UInt8]] {
        guard let path = proxy.sslPasswordFile else { return [] }
        return try secret(path, "cannot load passwords").split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    /// What peers' certificates are checked by.
    private func addTrust(
        _ proxy: ProxySettings, named prefix: String, to settings: inout TLSClientSettings
    ) throws(ConfigError) {
        guard let path = proxy.sslTrustedCertificate else {
            throw ConfigError("no \(prefix)_ssl_trusted_certificate for \(prefix)_ssl_verify")
        }
        settings.trustedCertificates = (
            pem: try secret(path, "cannot load trusted certificates"), name: path
        )
        if let path = proxy.sslRevocations {
            settings.revocations = (pem: try secret(path, "cannot load revocations"), name: path)
        }
    }

    /// - Parameter prefix: of the directives' names.
    private func tlsClientSettings(
        _ proxy: ProxySettings, named prefix: String
    ) throws(ConfigError) -> TLSClientSettings {
        var settings = TLSClientSettings()
        settings.protocols = proxy.sslProtocols
        settings.ciphers = proxy.sslCiphers
        settings.verifies = proxy.sslVerify
        settings.verifyDepth = Int32(clamping: proxy.sslVerifyDepth)
        // As in nginx, what nobody is checked by is not looked at.
        if proxy.sslVerify { try addTrust(proxy, named: prefix, to: &settings) }
        if proxy.httpVersion == .http2 { settings.alpn = proxy.needsHTTP2 ? ["h2"] : ["h2", "http/1.1"] }
        settings.confCommands = proxy.sslConfCommands.elements.map { ($0.name, $0.value) }
        if let certificate = proxy.sslCertificate, !certificate.isEmpty {
            guard let key = proxy.sslCertificateKey else {
                throw ConfigError(
                    "no \"\(prefix)_ssl_certificate_key\" is defined for certificate \"\(certificate)\"")
            }
            if proxy.hasMadeCertificate { return settings }
            settings.certificate = .encrypted(
                chain: try secret(certificate, "cannot load certificate"), chainName: certificate,
                key: try secret(key, "cannot load certificate key"), keyName: key,
                passwords: try passwords(proxy))
        }
        return settings
    }

    /// What a certificate or key is: a file's bytes, or those behind `data:`.
    func secret(_ name: String) throws(ConfigError) -> [UInt8] {
        if name.hasPrefix(MadeCertificate.dataMark) {
            return Array(name.utf8.dropFirst(MadeCertificate.dataMark.utf8.count))
        }
        if name.hasPrefix("store:") { return try files.readStoredKey(String(name.dropFirst(6))) }
        guard !name.hasPrefix("engine:") else {
            throw ConfigError("keys of engines are not supported: name a file, or use \"store:\"")
        }
        return try files.readSecret(name)
    }

    private func secret(_ path: String, _ complaint: String) throws(ConfigError) -> [UInt8] {
        do throws(ConfigError) {
            return try secret(path)
        } catch {
            throw ConfigError("\(complaint) \"\(path)\": \(error.message)")
        }
    }
}

/// Requests that may be replays.
extension ConfigurationBuilder {
    /// Whether `$ssl_early_data` is passed on by these statements, those of servers not counted.
    static func tellsEarlyData(_ statements: [Statement]) -> Bool {
        statements.contains { statement in
            if statement.name == "proxy_set_header" || statement.name == "grpc_set_header" {
                return statement.words.contains { namesEarlyData($0, statement) }
            }
            return statement.name != "server" && tellsEarlyData(statement.block ?? [])
        }
    }

    private static func namesEarlyData(_ word: String, _ statement: Statement) -> Bool {
        let template = try? Template(word, at: statement) { $0.lowercased() }
        return template?.parts.contains { part in
            if case .variable(Variables.earlyDataName) = part { true } else { false }
        } ?? false
    }
}
