internal import Config
internal import Net

extension ConfigurationBuilder {
    /// A location has `api write=on`.
    func takeWritableAPI(_ block: Block) throws(ConfigError) {
        try refuseOpenAPI(block)
        hasWritableAPI = true
        temporaryFolders.insert(block.settings.core.clientBodyTempFolder.path)
    }

    /// Whoever may change the servers of an upstream decides where passwords go.
    private func refuseOpenAPI(_ block: Block) throws(ConfigError) {
        let settings = block.settings
        let hasUsers = settings.auth.realm != nil && settings.auth.userFile != nil
        let hasRules = settings.access.rules.elements.contains { !$0.allows }
        let asksForCertificates = block.server.map {
            switch $0.settings.tls.server.clientVerification {
            case .required: true
            case .off, .optional, .optionalWithoutAuthority: false
            }
        }
        guard !hasUsers, !hasRules, asksForCertificates != true, !isControl(block) else { return }
        let complaint =
            "\"api write=on\" must be protected: by \"auth_basic\" with a user file, by \"allow\" and"
            + " \"deny\", or by \"ssl_verify_client on\""
        guard let statement = block.statement else { throw ConfigError(complaint) }
        throw ConfigError(complaint, statement)
    }

    // MARK: The control socket

    /// What the server of the control socket is called.
    private static var controlName: String { "control_socket" }

    /// Nobody but the owner of the socket's file can ask it.
    private func isControl(_ block: Block) -> Bool {
        block.statement?.location.file == ConfigurationBuilder.controlName
    }

    /// `control_socket`: a server like any other, on a socket that only its owner may use.
    func addControl(_ parser: ConfigParser, _ main: Block) throws(ConfigError) {
        guard let setting = self.main.controlSocket else { return }
        let file = ConfigurationBuilder.controlPath(setting, pidPath: path(self.main.pidPath), prefix: prefix)
        guard let address = SocketAddress.parse("unix:" + file, defaultPort: 0) else {
            throw ConfigError("\"control_socket\" has too long a path for a socket: \"\(file)\"")
        }
        let statements = try parser.parse(
            text: """
                server { access_log off; server_name control_socket;
                    location /status { status; }
                    location /api { api write=on; } }
                """, name: ConfigurationBuilder.controlName)
        guard let server = statements.first else { return }
        // No log of the usual name is opened for it.
        let http = Block(.http, self, parent: main, server: nil)
        http.settings.core.clientBodyTempFolder = TemporaryFolder(
            path(http.settings.core.clientBodyTempFolder.path))
        try readServer(server, in: http)
        var line = ListenLine(address: address, statement: server)
        line.options.mode = 0o600
        line.hasSocketOptions = true
        serverBlocks.last?.block.listens = [line]
    }

    /// - Parameter setting: what `control_socket` says, or nothing for a place beside the pid file.
    static func controlPath(_ setting: String, pidPath: String, prefix: String) -> String {
        guard setting.isEmpty else { return join(prefix, setting) }
        return (pidPath.hasSuffix(".pid") ? String(pidPath.dropLast(4)) : pidPath) + ".sock"
    }
}
