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
        guard !hasUsers, !hasRules, asksForCertificates != true else { return }
        let complaint =
            "\"api write=on\" must be protected: by \"auth_basic\" with a user file, by \"allow\" and"
            + " \"deny\", or by \"ssl_verify_client on\""
        guard let statement = block.statement else { throw ConfigError(complaint) }
        throw ConfigError(complaint, statement)
    }
}
