internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// `auth_basic`, `auth_basic_user_file`: asks for a user and a password.
///
/// - SeeAlso: RFC 7617.
enum AuthBasic {
    /// - Returns: `.refused(401)` with the challenge added to the response; 403 if there is no user file,
    ///   500 if it cannot be read.
    static func check(_ exchange: Exchange) -> AccessVerdict {
        guard let realm = exchange.location.settings.auth.realm else { return .silent }
        let text = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(text) }
        realm.append(for: exchange, to: text)
        // A realm that turns out to be this very word asks for nothing: so it lets nobody in either.
        if text.count == 3, text.bytes.elementsEqual("off".utf8) { return .silent }
        guard let template = exchange.location.settings.auth.userFile else {
            exchange.log(.error, "\"auth_basic\" stands without \"auth_basic_user_file\": add one")
            return .refused(403)
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
    ) -> AccessVerdict {
        let worker = exchange.worker
        let file: PasswordFile
        do {
            file = try worker.passwordFiles.file(at: attempt.path) { exchange.log(.warn, $0) }
        } catch {
            let isMissing = error.errno == .notFound
            exchange.log(isMissing ? .error : .crit, error.message)
            return .refused(isMissing ? 403 : 500)
        }
        switch file.check(user: user, password: password, nowMs: worker.clock.nowMs) {
        case .verdict(let verdict):
            return conclude(verdict, attempt, exchange)
        case .costly(let claim):
            return wait(for: claim, attempt, exchange)
        }
    }

    private static func wait(for claim: PasswordClaim, _ attempt: Attempt, _ exchange: Exchange)
        -> AccessVerdict
    {
        switch exchange.worker.passwordChecks.admit(claim, from: exchange, attempt) {
        case .waits:
            exchange.advance(.askedForPassword)
            return .awaited
        case .settled(let verdict):
            return conclude(verdict, attempt, exchange)
        case .refused:
            exchange.log(
                .error, "\(PasswordChecks.waitingMax) passwords wait to be checked: no more may wait")
            return .refused(503)
        }
    }

    /// What follows of a verdict.
    static func conclude(_ verdict: PasswordFile.Verdict, _ attempt: Attempt, _ exchange: Exchange)
        -> AccessVerdict
    {
        switch verdict {
        case .accepted:
            return .granted
        case .unknownUser:
            exchange.log(.error, "user \"\(attempt.user)\" was not found in \"\(attempt.path)\"")
        case .wrongPassword:
            exchange.log(.error, "user \"\(attempt.user)\": password mismatch")
        case .undecided(let reason):
            exchange.log(.error, "user \"\(attempt.user)\": \(reason)")
            return .refused(500)
        }
        exchange.worker.add(.failedLogins, 1)
        return challenge(exchange)
    }

    private static func challenge(_ exchange: Exchange) -> AccessVerdict {
        let realm = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(realm) }
        exchange.location.settings.auth.realm?.append(for: exchange, to: realm)
        exchange.response.add(.wwwAuthenticate) { out in
            out.append("Basic realm=\"")
            out.append(contentsOf: realm)
            out.append("\"")
        }
        return .refused(401)
    }

    private static func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
