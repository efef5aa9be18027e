internal import Config
internal import Core
internal import HTTP
internal import Net

/// `rewrite`, `set`, `if`, `return`, `break`: runs a block's program.
enum Rewrite {
    /// Runs the program of a server or a location.
    ///
    /// - Returns: `.declined` to go on, `.reroute` if a location is to be looked for again (never from a
    ///   server's program: one is looked for anyway), or what `return` and redirects answer.
    static func run(_ settings: RewriteSettings, on exchange: Exchange, inServer: Bool) -> Outcome {
        guard !settings.steps.isEmpty else { return .declined }
        var isRerouting = false
        if case .answered(let outcome) = run(settings.steps, exchange, &isRerouting) { return outcome }
        return isRerouting && !inServer ? .reroute : .declined
    }

    private enum Flow {
        case next
        case stop
        case answered(Outcome)
    }

    private static func run(_ steps: [RewriteStep], _ exchange: Exchange, _ isRerouting: inout Bool) -> Flow {
        for step in steps {
            let flow: Flow
            switch step {
            case .set(let index, let value): flow = set(index, value, exchange, encodes: !isRerouting)
            case .setBuiltIn(let variable, let value):
                flow = set(variable, value, exchange, encodes: !isRerouting)
            case .rewrite(let rule): flow = rewrite(rule, exchange, &isRerouting)
            case .answer(let status, let text):
                flow = .answered(Return.respond(status, text, to: exchange))
            case .branch(let condition, let steps, let location):
                let isTrue = holds(condition, exchange)
                if let trace = exchange.worker.trace { trace.decided(condition, isTrue, exchange) }
                guard isTrue else { continue }
                if let location {
                    exchange.location = location
                    exchange.settleKeepAlive()
                }
                flow = run(steps, exchange, &isRerouting)
            case .stop:
                if isRerouting { exchange.routing.pathOrigin = .settled }
                isRerouting = false
                flow = .stop
            }
            if let trace = exchange.worker.trace { trace.took(step, exchange) }
            switch flow {
            case .next: break
            case .stop, .answered: return flow
            }
        }
        return .next
    }

    /// As in nginx, `$1`… of a match before are gone after one that fails.
    private static func matches(_ regex: Int, _ subject: ByteBuffer, _ exchange: Exchange) -> Bool {
        let isMatch = subject.withReadable { exchange.matches(regex: regex, $0) }
        if exchange.location.settings.logs.logsRewrites {
            let pattern = exchange.snapshot.configuration.patterns[regex].source
            let verb = isMatch ? "matches" : "does not match"
            exchange.log(.notice, "\"\(pattern)\" \(verb) \"\(subject.printableText)\"")
        }
        if let trace = exchange.worker.trace { trace.looked(for: regex, in: subject, isMatch, exchange) }
        if !isMatch { exchange.values.captures.forget() }
        return isMatch
    }

    /// Writes what `set` gives a variable. Captures are encoded as in redirects, until a `rewrite` has
    /// changed the path, as in nginx.
    private static func append(
        setting value: Template<Variable>, for exchange: Exchange, encodes: Bool, to out: ByteBuffer
    ) {
        if encodes {
            append(value, for: exchange, as: .args, to: out)
        } else {
            value.append(for: exchange, to: out)
        }
    }

    private static func set(
        _ index: Int, _ value: Template<Variable>, _ exchange: Exchange, encodes: Bool
    ) -> Flow {
        guard exchange.values.user.indices.contains(index) else { return .next }
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        append(setting: value, for: exchange, encodes: encodes, to: scratch)
        scratch.withReadable { exchange.values.user[index].set($0) }
        return .next
    }

    private static func set(
        _ variable: SettableVariable, _ value: Template<Variable>, _ exchange: Exchange, encodes: Bool
    ) -> Flow {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        append(setting: value, for: exchange, encodes: encodes, to: scratch)
        set(variable, to: scratch, exchange)
        return .next
    }

    /// Gives a built-in variable a value.
    static func set(_ variable: SettableVariable, to value: ByteBuffer, _ exchange: Exchange) {
        switch variable {
        case .args:
            exchange.arguments.removeAll()
            exchange.arguments.append(contentsOf: value)
            exchange.routing.hasQuery = true
            markChanged(exchange)
        case .limitRate:
            if let rate = Units.offset(String(decoding: value.bytes, as: UTF8.self)) {
                exchange.delivery.limitRate = rate
            }
        }
    }

    // MARK: rewrite

    private static func rewrite(_ rule: RewriteRule, _ exchange: Exchange, _ isRerouting: inout Bool) -> Flow
    {
        guard matches(rule.regex, exchange.uri, exchange) else { return .next }
        let path = exchange.worker.takeScratch()
        let arguments = exchange.worker.takeScratch()
        defer {
            exchange.worker.giveScratch(arguments)
            exchange.worker.giveScratch(path)
        }
        if case .redirect(let status) = rule.flag {
            append(rule.path, for: exchange, as: .args, to: arguments)
            arguments.withReadable { URIPath.unescapeRedirect($0, into: path) }
            arguments.removeAll()
            appendArguments(rule, exchange, to: arguments)
            if !arguments.isEmpty || rule.arguments != nil {
                path.append(UInt8(ascii: "?"))
                path.append(contentsOf: arguments)
            }
            if exchange.location.settings.logs.logsRewrites {
                exchange.log(.notice, "rewritten redirect: \"\(path.printableText)\"")
            }
            if let trace = exchange.worker.trace { trace.rewrote(exchange, path) }
            Return.setLocation(exchange, path: path)
            return .answered(.status(status))
        }
        rule.path.append(for: exchange, to: path)
        appendArguments(rule, exchange, to: arguments)
        if exchange.location.settings.logs.logsRewrites {
            exchange.log(
                .notice,
                "rewritten data: \"\(path.printableText)\", args: \"\(arguments.printableText)\"")
        }
        if let trace = exchange.worker.trace { trace.rewrote(exchange, path, arguments) }
        guard !path.isEmpty else {
            exchange.log(.error, "the rewritten URI has a zero length")
            return .answered(.status(500))
        }
        exchange.uri.removeAll()
        exchange.uri.append(contentsOf: path)
        exchange.arguments.removeAll()
        exchange.arguments.append(contentsOf: arguments)
        if rule.arguments != nil { exchange.routing.hasQuery = true }
        markChanged(exchange)
        exchange.routing.isInternal = true
        switch rule.flag {
        case .none, .redirect:
            isRerouting = true
            return .next
        case .last:
            isRerouting = true
            return .stop
        case .stop:
            exchange.routing.pathOrigin = .settled
            isRerouting = false
            return .stop
        }
    }

    /// Once settled, a path stays so until an internal redirect makes another, as in nginx.
    private static func markChanged(_ exchange: Exchange) {
        if case .client = exchange.routing.pathOrigin { exchange.routing.pathOrigin = .changed }
    }

    /// The query after the rewrite: the replacement's own, then the one so far.
    private static func appendArguments(_ rule: RewriteRule, _ exchange: Exchange, to out: ByteBuffer) {
        if let arguments = rule.arguments {
            append(arguments, for: exchange, as: .args, to: out)
            if rule.keepsArguments && !exchange.arguments.isEmpty { out.append(UInt8(ascii: "&")) }
        }
        if rule.keepsArguments { out.append(contentsOf: exchange.arguments) }
    }

    /// Appends a template whose captures come from the decoded path: they are encoded again if the client
    /// had encoded anything.
    private static func append(
        _ template: Template<Variable>, for exchange: Exchange, as set: URIPath.EscapeSet,
        to out: ByteBuffer
    ) {
        let encodes = hasEncodedTarget(exchange)
        for part in template.parts {
            switch part {
            case .literal(let bytes): out.append(bytes)
            case .variable(let variable): _ = Variables.append(variable, of: exchange, to: out)
            case .capture(let index):
                guard encodes else {
                    exchange.appendCapture(index, to: out)
                    continue
                }
                let scratch = exchange.worker.takeScratch()
                exchange.appendCapture(index, to: scratch)
                scratch.withReadable { URIPath.escape($0, as: set, into: out) }
                exchange.worker.giveScratch(scratch)
            }
        }
    }

    private static func hasEncodedTarget(_ exchange: Exchange) -> Bool {
        exchange.headBytes.withBytes(of: exchange.head.path) { path in
            for index in path.indices
            where path[index] == UInt8(ascii: "%") || path[index] == UInt8(ascii: "+") {
                return true
            }
            return false
        }
    }

    // MARK: if

    private static func holds(_ condition: RewriteCondition, _ exchange: Exchange) -> Bool {
        let subject = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(subject) }
        condition.subject.append(for: exchange, to: subject)
        return test(condition.test, subject, exchange) != condition.isNegated
    }

    private static func test(
        _ test: RewriteCondition.Test, _ subject: ByteBuffer, _ exchange: Exchange
    ) -> Bool {
        switch test {
        case .isSet:
            return !subject.isEmpty && !(subject.count == 1 && subject[0] == UInt8(ascii: "0"))
        case .equals(let template):
            let other = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(other) }
            template.append(for: exchange, to: other)
            return subject.isEqual(to: other)
        case .matches(let regex):
            return matches(regex, subject, exchange)
        case .isFile: return exchange.stamp(of: subject)?.isRegular ?? false
        case .isDirectory: return exchange.stamp(of: subject)?.isDirectory ?? false
        case .exists: return exchange.stamp(of: subject) != nil
        case .isExecutable: return FileAccess.isExecutable(subject)
        }
    }
}
