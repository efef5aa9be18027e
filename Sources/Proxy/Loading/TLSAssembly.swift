internal import Config
internal import Core
internal import Net

/// Makes the TLS context of a server from the files that its directives name.
struct TLSAssembly {
    private let builder: ConfigurationBuilder
    /// Where TLS is spoken.
    private let addresses: Set<SocketAddress>
    /// Where `listen` offers HTTP/2.
    private let offering: Set<SocketAddress>

    init(
        _ builder: ConfigurationBuilder, addresses: Set<SocketAddress>, offering: Set<SocketAddress>
    ) {
        self.offering = offering
        self.builder = builder
        self.addresses = addresses
    }

    /// The TLS side of a server.
    struct Assembled {
        var context: TLSServerContext?
        /// Certificates that variables name.
        var made: MadeCertificates?
        /// What certificates of its clients have to be judged by, whatever server shook hands.
        var clientTrust: ClientTrust?
    }

    /// - Returns: no context for a server that has no certificates and does not reject handshakes: those of
    ///   the default server of its address serve it.
    func assemble(for server: ServerBlock) throws(ConfigError) -> Assembled {
        builder.files.beginSecretGroup()
        let settings = server.settings.tls
        let isReached = server.listens.contains { addresses.contains($0.address) }
        guard isReached || settings.certificates.isOwn else {
            if let file = missingKey(settings) { throw TLSAssembly.noKey(file) }
            return Assembled()
        }
        var made = settings.server
        made.certificates = []
        made.alpn = (offersHTTP2(server) ? ["h2"] : []) + ["http/1.1", "http/1.0"]
        let hasContext = !settings.certificates.elements.isEmpty || made.rejectsHandshakes
        guard hasContext || made.clientVerification != .off else { return Assembled() }
        var named: [MadeCertificate] = []
        var errors: [ConfigError] = []
        errors.gather { () throws(ConfigError) in try addClientRules(server, to: &made) }
        if hasContext {
            errors.gather { () throws(ConfigError) in named = try readFiles(server, into: &made) }
        }
        if let error = ConfigError.together(errors) { throw error }
        guard hasContext else { return Assembled(clientTrust: made.clientTrust) }
        return try assemble(made, named, for: server)
    }

    /// `http2`, or the parameter of a `listen` line for one of its addresses, whoever gave it.
    private func offersHTTP2(_ server: ServerBlock) -> Bool {
        server.settings.http2.isOn || server.listens.contains { offering.contains($0.address) }
    }

    /// Reads what the server's own side of TLS is made of; if files are wrong, all of that is told.
    ///
    /// - Returns: the certificates that variables name.
    private func readFiles(
        _ server: ServerBlock, into made: inout TLSServerSettings
    ) throws(ConfigError) -> [MadeCertificate] {
        let settings = server.settings.tls
        var errors: [ConfigError] = []
        errors.gather { () throws(ConfigError) in made.ticketSecret = try ticketSecret(settings) }
        for file in settings.ticketKeys.elements {
            errors.gather { () throws(ConfigError) in
                let bytes = try read(file, "cannot load session ticket key")
                guard bytes.count == 48 || bytes.count == 80 else {
                    throw ConfigError("\"\(file.path)\" must be 48 or 80 bytes", file.statement)
                }
                made.ticketKeyFiles.append(bytes)
            }
        }
        var passwords: [[UInt8]] = []
        errors.gather { () throws(ConfigError) in passwords = try readPasswords(settings.passwords) }
        var keys = settings.keys.elements[...]
        var named: [MadeCertificate] = []
        for file in settings.certificates.elements {
            errors.gather { () throws(ConfigError) in
                guard file.path != "self-signed" else {
                    return made.certificates.append(try selfSigned(for: server, file))
                }
                guard let key = keys.popFirst() else { throw TLSAssembly.noKey(file) }
                if file.path.contains("$") || key.path.contains("$") {
                    named.append(try certificate(file, key))
                    made.madeCertificates += [file.path, key.path]
                } else {
                    made.certificates.append(try pair(file, key, passwords))
                }
            }
        }
        if let error = ConfigError.together(errors) { throw error }
        return named
    }

    /// The first certificate that came from outside without a key.
    private func missingKey(_ settings: TLSSettings) -> TLSFile? {
        let certificates = settings.certificates.elements.filter { $0.path != "self-signed" }
        return certificates.dropFirst(settings.keys.elements.count).first
    }

    private static func noKey(_ file: TLSFile) -> ConfigError {
        .unknownReference(
            "no \"ssl_certificate_key\" is defined for certificate \"\(file.path)\"", file.statement)
    }

    private func selfSigned(
        for server: ServerBlock, _ file: TLSFile
    ) throws(ConfigError) -> TLSCertificate {
        let names = selfSignedNames(server)
        builder.noteSelfSigned(names, file.statement)
        let (chain, key) = try builder.files.selfSigned(names)
        return .pem(chain: chain, chainName: "self-signed", key: key, keyName: "self-signed")
    }

    private func pair(
        _ file: TLSFile, _ key: TLSFile, _ passwords: [[UInt8]]
    ) throws(ConfigError) -> TLSCertificate {
        var errors: [ConfigError] = []
        var chain: [UInt8] = []
        var keyBytes: [UInt8] = []
        errors.gather { () throws(ConfigError) in chain = try read(file, "cannot load certificate") }
        errors.gather { () throws(ConfigError) in keyBytes = try read(key, "cannot load certificate key") }
        if let error = ConfigError.together(errors) { throw error }
        return .encrypted(
            chain: chain, chainName: file.path, key: keyBytes, keyName: key.path, passwords: passwords)
    }

    private func assemble(
        _ made: TLSServerSettings, _ named: [MadeCertificate], for server: ServerBlock
    ) throws(ConfigError) -> Assembled {
        let settings = server.settings.tls
        let passwords = named.isEmpty ? [] : try readPasswords(settings.passwords)
        do throws(TLSError) {
            let store = try builder.sessionStore(made.sessionCache)
            let context = try builder.files.tlsContext(made.identity) { () throws(TLSError) in
                try TLSServerContext(settings: made, sessionStore: store)
            }
            note(context, of: server)
            let chosen =
                named.isEmpty
                ? nil
                : MadeCertificates(
                    made, named, passwords: passwords, store: store, caching: settings.certificateCaching)
            return Assembled(context: context, made: chosen, clientTrust: made.clientTrust)
        } catch {
            throw ConfigError(error.message, TLSAssembly.statement(of: server))
        }
    }

    /// Names that are known when a client's first message is here.
    private func certificate(_ chain: TLSFile, _ key: TLSFile) throws(ConfigError) -> MadeCertificate {
        MadeCertificate(
            chain: try builder.template(chain.path, chain.statement),
            key: try builder.template(key.path, key.statement), directory: builder.directory)
    }

    /// Where an error of its certificates is.
    private static func statement(of server: ServerBlock) -> Statement {
        server.settings.tls.certificates.elements.first?.statement ?? server.statement
    }

    /// What of it is watched while the service runs.
    private func note(_ context: TLSServerContext, of server: ServerBlock) {
        let statement = TLSAssembly.statement(of: server)
        let names = server.names.compactMap { name -> String? in
            if case .mask(.exact(let text)) = name, !text.isEmpty { return text }
            return nil
        }
        builder.certified.append(CertifiedServer(names: names, context: context))
        for note in context.notes { builder.warnOnce(note, ConfigError(note, statement)) }
        for facts in context.certificates {
            guard let warning = facts.expiryWarning else { continue }
            builder.warnOnce("expiry of \(facts.file)", ConfigError(warning, statement))
        }
    }

    /// `ssl_verify_client` with its files, and what else is read from files.
    private func addClientRules(
        _ server: ServerBlock, to made: inout TLSServerSettings
    ) throws(ConfigError) {
        let settings = server.settings.tls
        func named(_ file: TLSFile?, _ call: String) throws(ConfigError) -> (pem: [UInt8], name: String)? {
            guard let file else { return nil }
            return (try read(file, call), file.path)
        }
        if made.clientVerification != .off {
            made.clientAuthorities = try named(settings.clientAuthorities, "cannot load client certificates")
        }
        made.trustedCertificates = try named(
            settings.trustedCertificates, "cannot load trusted certificates")
        made.revocations = try named(settings.revocations, "cannot load revocations")
        made.dhParameters = try named(settings.dhParameters, "cannot load parameters")
        if settings.takesEarlyData {
            let isTold =
                builder.tellsEarlyData
                || ConfigurationBuilder.tellsEarlyData(server.statement.block ?? [])
            made.earlyData = isTold ? .served : .held
        }
        if var status = settings.clientStatus {
            guard made.clientVerification != .optionalWithoutAuthority else {
                throw ConfigError(
                    "\"ssl_ocsp\" is incompatible with \"ssl_verify_client optional_no_ca\"",
                    TLSAssembly.statement(of: server))
            }
            status.responder = settings.clientStatusResponder
            status.isCached = settings.remembersClientStatus
            made.clientStatus = status
        }
        if settings.staples {
            made.stapling = Stapling()
            made.stapling?.file = try named(settings.stapleFile, "cannot load OCSP response").map {
                ($0.pem, $0.name)
            }
            made.stapling?.responder = settings.stapleResponder
            made.stapling?.verifies = settings.verifiesStaples
        }
        made.confCommands = settings.confCommands.elements.map { ($0.name, $0.value) }
        switch made.clientVerification {
        case .off, .optionalWithoutAuthority: break
        case .required, .optional:
            guard made.clientAuthorities == nil && made.trustedCertificates == nil else { break }
            throw .unknownReference(
                "no ssl_client_certificate for ssl_verify_client", TLSAssembly.statement(of: server))
        }
    }

    /// A secret of the fleet's, or the master's own.
    private func ticketSecret(_ settings: TLSSettings) throws(ConfigError) -> [UInt8] {
        guard let file = settings.ticketSecret else { return builder.files.ticketKeys() }
        let bytes = try read(file, "cannot load session ticket secret")
        guard bytes.count >= 32 else {
            throw ConfigError(
                "\"\(file.path)\" must hold 32 bytes or more; make it with \"openssl rand -out FILE 80\"",
                file.statement)
        }
        return bytes
    }

    /// The lines of `ssl_password_file`.
    private func readPasswords(_ file: TLSFile?) throws(ConfigError) -> [[UInt8]] {
        guard let file else { return [] }
        return try read(file, "cannot load passwords").split(separator: UInt8(ascii: "\n")).map { line in
            Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
    }

    private func selfSignedNames(_ server: ServerBlock) -> [String] {
        let names = server.names.compactMap { name -> String? in
            switch name {
            case .mask(.exact(let text)): text.isEmpty ? nil : text
            case .mask(.head(let text)): "*" + text
            case .mask(.domain(let text)): String(text.dropFirst())
            case .mask(.tail), .regex: nil
            }
        }
        return names.isEmpty ? ["localhost", "127.0.0.1"] : names + ["127.0.0.1"]
    }

    private func read(_ file: TLSFile, _ complaint: String) throws(ConfigError) -> [UInt8] {
        do throws(ConfigError) {
            return try builder.secret(file.path)
        } catch {
            throw ConfigError("\(complaint) \"\(file.path)\": \(error.message)", file.statement)
        }
    }
}
