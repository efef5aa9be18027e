internal import HTTP
internal import Net

/// Who is let in: what the checks say, and what that amounts to.
extension Exchange {
    /// `allow`/`deny`, `auth_basic` and `auth_request`, combined as `satisfy` says: wherever the request is
    /// served, error pages and other internal redirects included. Requests that are made here are let in, as
    /// in nginx.
    func checkAccess() -> Outcome {
        if isSubrequest { return .declined }
        routing.refusal = nil
        if !location.asksForAccess, worker.trace == nil { return .declined }
        return settleAccess(AccessCheck.first.ask(self), of: .first)
    }

    /// Asks the checks behind this one, until one of them decides.
    private func settleAccess(_ verdict: AccessVerdict, of check: AccessCheck) -> Outcome {
        var (verdict, check) = (verdict, check)
        while true {
            if let trace = worker.trace { trace.asked(check, verdict, self) }
            switch (location.settings.core.satisfy, verdict) {
            case (_, .awaited): return .suspended
            case (.any, .granted): return admitByOne()
            case (.all, .refused(let code)): return delayed(code)
            case (.any, .refused(let code)):
                // Whatever else may be wrong is not a matter of who asks.
                guard code == 401 || code == 403 else { return .status(code) }
                if routing.refusal != 401 { routing.refusal = code }
            case (.all, .granted), (_, .silent): break
            }
            guard let next = check.next else { return refuseByAll() }
            check = next
            verdict = next.ask(self)
        }
    }

    /// `satisfy any`: none of the checks let it in, if one of them had something to say.
    private func refuseByAll() -> Outcome {
        guard let code = routing.refusal else { return .declined }
        if code == 403 { worker.log(.error, self, "access forbidden by rule") }
        return delayed(code)
    }

    /// `satisfy any`: one check was enough, and what another asked for is no longer said.
    private func admitByOne() -> Outcome {
        keptFields.forget(.wwwAuthenticate)
        response.remove(.wwwAuthenticate)
        return .declined
    }

    /// `auth_delay`
    private func delayed(_ code: UInt16) -> Outcome {
        let delay = location.settings.core.authDelayMs
        guard delay > 0, code == 401 else { return .status(code) }
        return wait(ms: delay, then: .answer(code))
    }

    /// The client's password was checked aside: what that says counts as if it had been known at once.
    func passwordChecked(_ verdict: PasswordFile.Verdict, _ attempt: AuthBasic.Attempt) {
        advance(.resumed)
        goOn(with: AuthBasic.conclude(verdict, attempt, self), of: .passwords)
    }

    /// One of the checks was waited for, and has something to say by now.
    func goOn(with verdict: AccessVerdict, of check: AccessCheck) {
        let outcome = settleAccess(verdict, of: check)
        if case .declined = outcome { return serve(from: .precontent) }
        conclude(outcome)
    }
}
