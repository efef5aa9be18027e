internal import Config
internal import Core
internal import HTTP
internal import Net

/// `auth_basic`, `auth_basic_user_file`: asks for a user and a password.
///
/// - SeeAlso: RFC 7617.
enum AuthBasic {
    /// - Returns: `.declined` if the request may pass; `.status(401)` with the challenge added to the
    ///   response; 403 if there is no user file, 500 if it cannot be read.
    static func check(_ exchange: Exchange) -> Outcome {
        guard let realm = exchange.location.settings.auth.realm else { return .declined }
        let text = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(text) }
        realm.append(for: exchange, to: text)
        if text.count == 3, text.equalsIgnoringCase(Slice(from: 0, to: 3), "off") { return .declined }
        guard let template = exchange.location.settings.auth.userFile else {
            exchange.log(.error, "\"auth_basic\" stands without \"auth_basic_user_file\": add one")
            return .status(403)
        }
        let credentials = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(credentials) }
        let decoded = exchange.withRequestField(.authorization) {
            BasicCredentials.decode($0, to: credentials)
        }
        guard let colon = decoded ?? nil else {
            exchange.log(.info, "no user/password was provided for basic authentication")
            return challenge(exchange, realm: text)
        }
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        template.append(for: exchange, to: path)
        return verify(credentials, colon: colon, file: path, realm: text, exchange)
    }

    private static func verify(
        _ credentials: ByteBuffer, colon: Int, file path: ByteBuffer, realm: ByteBuffer, _ exchange: Exchange
    ) -> Outcome {
        let files = exchange.worker.passwordFiles
        let file: PasswordFile
        do {
            file = try files.file(at: text(path)) { exchange.log(.warn, $0) }
        } catch {
            let isMissing = error.errno == .notFound
            exchange.log(isMissing ? .error : .crit, error.message)
            return .status(isMissing ? 403 : 500)
        }
        let user = credentials.bytes(of: Slice(from: 0, to: colon))
        let password = credentials.bytes(of: Slice(from: colon + 1, to: credentials.count))
        switch file.check(user: user, password: password, nowMs: exchange.worker.clock.nowMs) {
        case .accepted:
            return .declined
        case .unknownUser:
            exchange.log(.error, "user \"\(text(user))\" was not found in \"\(text(path))\"")
        case .wrongPassword:
            exchange.log(.error, "user \"\(text(user))\": password mismatch")
        }
        exchange.worker.counters.add(.failedLogins, 1)
        return challenge(exchange, realm: realm)
    }

    private static func challenge(_ exchange: Exchange, realm: ByteBuffer) -> Outcome {
        exchange.response.add(.wwwAuthenticate) { out in
            out.append("Basic realm=\"")
            out.append(contentsOf: realm)
            out.append("\"")
        }
        return .status(401)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    private static func text(_ buffer: ByteBuffer) -> String { text(buffer.bytes) }
}
