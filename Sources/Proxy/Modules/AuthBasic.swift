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
            return challenge(exchange)
        }
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        template.append(for: exchange, to: path)
        let user = credentials.bytes(of: Slice(from: 0, to: colon))
        let password = credentials.bytes(of: Slice(from: colon + 1, to: credentials.count))
        return verify(user, password, Attempt(user: string(user), path: string(path.bytes)), exchange)
    }

    /// Whose password is looked for where, as log lines show it.
    struct Attempt {
        let user: String
        let path: String
    }

    private static func verify(
        _ user: [UInt8], _ password: [UInt8], _ attempt: Attempt, _ exchange: Exchange
    ) -> Outcome {
        let worker = exchange.worker
        let file: PasswordFile
        do {
            file = try worker.passwordFiles.file(at: attempt.path) { exchange.log(.warn, $0) }
        } catch {
            let isMissing = error.errno == .notFound
            exchange.log(isMissing ? .error : .crit, error.message)
            return .status(isMissing ? 403 : 500)
        }
        switch file.check(user: user, password: password, nowMs: worker.clock.nowMs) {
        case .verdict(let verdict):
            return conclude(verdict, attempt, exchange)
        case .costly(let claim):
            return wait(for: claim, attempt, exchange)
        }
    }

    private static func wait(for claim: PasswordClaim, _ attempt: Attempt, _ exchange: Exchange) -> Outcome {
        switch exchange.worker.passwordChecks.admit(claim, from: exchange, attempt) {
        case .waits:
            exchange.phase = .checkingPassword
            return .suspended
        case .settled(let verdict):
            return conclude(verdict, attempt, exchange)
        case .refused:
            exchange.log(
                .error, "\(PasswordChecks.waitingMax) passwords wait to be checked: no more may wait")
            return .status(503)
        }
    }

    /// What follows of a verdict.
    static func conclude(_ verdict: PasswordFile.Verdict, _ attempt: Attempt, _ exchange: Exchange) -> Outcome
    {
        switch verdict {
        case .accepted:
            return .declined
        case .unknownUser:
            exchange.log(.error, "user \"\(attempt.user)\" was not found in \"\(attempt.path)\"")
        case .wrongPassword:
            exchange.log(.error, "user \"\(attempt.user)\": password mismatch")
        case .undecided(let reason):
            exchange.log(.error, "user \"\(attempt.user)\": \(reason)")
            return .status(500)
        }
        exchange.worker.add(.failedLogins, 1)
        return challenge(exchange)
    }

    private static func challenge(_ exchange: Exchange) -> Outcome {
        let realm = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(realm) }
        exchange.location.settings.auth.realm?.append(for: exchange, to: realm)
        exchange.response.add(.wwwAuthenticate) { out in
            out.append("Basic realm=\"")
            out.append(contentsOf: realm)
            out.append("\"")
        }
        return .status(401)
    }

    private static func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
