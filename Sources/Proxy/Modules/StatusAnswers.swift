internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Status
internal import Upstream

/// `status` and `api`: what the service does, for people and for programs.
enum StatusAnswers {
    private enum Format {
        case page, json, metrics, openMetrics, text

        init?(word: String) {
            switch word {
            case "html": self = .page
            case "json": self = .json
            case "prometheus", "metrics": self = .metrics
            case "openmetrics": self = .openMetrics
            case "text": self = .text
            default: return nil
            }
        }
    }

    /// `status`: the format is said by the last part of the path, by `?format=`, or by `Accept`.
    static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.method == .get || exchange.method == .head else {
            _ = begin(exchange, status: 405)
            exchange.response.add(.allow) { $0.append("GET, HEAD") }
            setType(exchange, "text/plain")
            return end(exchange)
        }
        if subpath(exchange) == "explain" { return ExplainAnswers.handle(exchange) }
        guard let format = format(exchange) else { return .status(404) }
        let work = work(exchange)
        let gathering = gathering(exchange, .all)
        let api = exchange.server.location(of: writing) { !AccessRules.exclude(exchange, from: $0) }
        gathering.apiPath = api?.name
        gathering.explainPath = path(of: exchange.location).map { "\($0)/explain" }
        gathering.add(to: work)
        let view = StatusView { argument($0, of: exchange) }
        switch format {
        case .page:
            let nonce = Digest.randomBytes(16).map { Digest.hex($0) } ?? ""
            work.once { StatusPage.add(gathering.report, view, nonce: nonce, to: work) }
            setType(exchange, "text/html; charset=utf-8")
            add(exchange, "Content-Security-Policy", StatusPage.contentSecurityPolicy(nonce: nonce))
            add(exchange, "Referrer-Policy", "no-referrer")
        case .json:
            let part = part(of: exchange, .json, "json")
            work.once {
                gathering.cut(to: part)
                write(StatusJSON(report: gathering.report).whole, in: work)
            }
            setType(exchange, "application/json")
        case .metrics:
            let part = part(of: exchange, .metrics, "prometheus")
            work.once {
                gathering.cut(to: part)
                StatusMetrics.add(gathering.report, .prometheus, to: work)
            }
            setType(exchange, "text/plain; version=0.0.4; charset=utf-8")
        case .openMetrics:
            let part = part(of: exchange, .metrics, "openmetrics")
            work.once {
                gathering.cut(to: part)
                StatusMetrics.add(gathering.report, .openMetrics, to: work)
            }
            setType(exchange, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        case .text:
            work.once { StatusText.add(gathering.report, view, to: work) }
            setType(exchange, "text/plain; charset=utf-8")
        }
        return exchange.begin(work)
    }

    /// Which servers are asked for, where not all are; the answer says where those that follow are.
    private static func part(
        of exchange: Exchange, _ room: StatusPart.Room, _ format: String
    ) -> StatusPart? {
        let part = StatusPart(
            { argument($0, of: exchange) }, room, StatusGathering.contents(exchange.worker))
        if let next = part?.next(format) { add(exchange, "Link", "<\(next)>; rel=\"next\"") }
        return part
    }

    /// An answer that is made piece by piece.
    private static func work(_ exchange: Exchange) -> SlicedWork {
        SlicedWork(out: begin(exchange, status: 200)) { [unowned exchange] in _ = end(exchange) }
    }

    private static func gathering(_ exchange: Exchange, _ scope: StatusScope) -> StatusGathering {
        StatusGathering(exchange.worker, address: exchange.client.localAddress.text, scope)
    }

    /// Adds the steps that write a value.
    private static func write(_ json: JSON, in work: SlicedWork) {
        var walk = JSONWalk(json)
        work.repeating { walk.step(work.out) }
    }

    /// `api`
    ///
    /// - Parameter writes: `write=on`.
    static func handleAPI(_ exchange: Exchange, writes: Bool) -> Outcome {
        if exchange.method == .get || exchange.method == .head {
            if writes, argument("form", of: exchange) == "html",
                let target = ServerForms.target(subpath(exchange))
            {
                return show(target, to: exchange)
            }
            let fields = argument("fields", of: exchange).map { text in
                text.split(separator: ",").map(String.init)
            }
            return answer(exchange, subpath(exchange), fields)
        }
        guard writes else {
            return give(
                StatusAPI.refusal(of: subpath(exchange), writes: false) { StatusReport() }, to: exchange)
        }
        guard !CrossSite.isForeign(exchange) else {
            let refusal = StatusAPI.error(403, "another site's page asks for it", "CrossSiteRequest")
            logWrite(refusal, of: exchange)
            return give(refusal, to: exchange)
        }
        guard exchange.body.isPresent, !exchange.body.isComplete else { return write(exchange) }
        exchange.advance(.wantedBody)
        exchange.body.keep(
            .whole(
                KeepingPlan(
                    memoryMax: bodyMax, folder: exchange.location.settings.core.clientBodyTempFolder)))
        exchange.stream.wantBody()
        return .suspended
    }

    /// A look at one path: only what that needs is gathered.
    private static func answer(_ exchange: Exchange, _ path: String, _ fields: [String]?) -> Outcome {
        let work = work(exchange)
        let gathering = gathering(exchange, StatusAPI.scope(of: path))
        gathering.add(to: work)
        work.once { [unowned exchange] in
            let answer = StatusAPI.answer(path, fields: fields) { gathering.report }
            exchange.response.status = answer.status
            write(content(of: answer, to: exchange), in: work)
        }
        setType(exchange, "application/json")
        return exchange.begin(work)
    }

    /// Longest body of a change.
    private static var bodyMax: Int { 64 << 10 }

    /// All of the body of a change is here.
    static func write(_ exchange: Exchange) -> Outcome {
        guard exchange.body.isIntact else { return .status(400) }
        guard exchange.body.file == nil, exchange.body.receivedCount <= Int64(bodyMax) else {
            return .status(413)
        }
        if ServerForms.isForm(exchange), let target = ServerForms.target(subpath(exchange)) {
            return obey(target, exchange)
        }
        let answer = UpstreamWriting(worker: exchange.worker).answer(
            method(exchange), subpath(exchange), body: exchange.body.memory.bytes)
        logWrite(answer, of: exchange)
        return give(answer, to: exchange)
    }

    private static func method(_ exchange: Exchange) -> String {
        let method = ByteBuffer(capacity: 16)
        exchange.appendMethod(to: method)
        return String(decoding: method.bytes, as: UTF8.self)
    }

    /// Bytes of the content of a change that the log shows.
    private static var loggedMax: Int { 512 }

    /// Who asked for which change, and what came of it. The log adds the client's address.
    ///
    /// - Parameter change: what a form stands for; `nil`: the request says it itself.
    private static func logWrite(
        _ answer: StatusAPI.Answer, of exchange: Exchange, _ change: String? = nil
    ) {
        let method = change == nil ? method(exchange) : "PATCH"
        var text = "API write \(method) \(subpath(exchange))"
        let content = change.map { Array($0.utf8) } ?? exchange.body.memory.bytes
        if !content.isEmpty {
            text += " \(String(decoding: content.prefix(loggedMax), as: UTF8.self))"
            if content.count > loggedMax { text += "…" }
        }
        let who = user(of: exchange)
        if let who { text += ", by user \"\(who)\"" }
        var outcome = "done"
        if answer.status >= 400, case .string(let code)? = answer.content["error"]?["code"] {
            outcome = "refused, \(code)"
            exchange.log(.warn, "\(text): refused, \(answer.status) \(code)")
        } else {
            exchange.log(.notice, "\(text): done, \(answer.status)")
        }
        let path = subpath(exchange).split(separator: "/").map(String.init)
        var entry = Chronicle.Entry(
            path.dropFirst(4).joined(separator: "/"), "\(method) \(outcome)",
            reason: String(decoding: content.prefix(loggedMax), as: UTF8.self),
            upstream: path.count > 3 ? path[3] : "")
        entry.by = (who.map { "\($0) at " } ?? "") + exchange.remoteAddress.addressText
        exchange.worker.shared.chronicle.tell(.change, at: exchange.worker.clock.wallMs, entry)
    }

    /// A name that nobody has checked is no name.
    private static func user(of exchange: Exchange) -> String? {
        guard exchange.location.settings.auth.realm != nil else { return nil }
        let user = ByteBuffer(capacity: 32)
        exchange.appendRemoteUser(to: user)
        return user.isEmpty ? nil : String(decoding: user.bytes, as: UTF8.self)
    }

    // MARK: Forms

    /// What a form asks for is done, or not, and the page says so.
    private static func obey(_ target: ServerForms.Target, _ exchange: Exchange) -> Outcome {
        let path = subpath(exchange)
        switch ServerForms.order(exchange, path, user(of: exchange)) {
        case .failure(let refusal):
            logWrite(StatusAPI.error(refusal.status, refusal.text, refusal.code), of: exchange, "")
            return show(target, to: exchange, refusal.status, ServerForm.Notice(refusal.text, isGood: false))
        case .success(let change):
            let answer = UpstreamWriting(worker: exchange.worker).answer(
                "PATCH", path, body: Array(change.utf8))
            logWrite(answer, of: exchange, change)
            guard answer.status >= 400 else {
                return show(target, to: exchange, 200, ServerForm.Notice("Done: \(change)", isGood: true))
            }
            var reason = ""
            if case .string(let text)? = answer.content["error"]?["text"] { reason = ": \(text)" }
            return show(
                target, to: exchange, answer.status,
                ServerForm.Notice("Nothing was done\(reason).", isGood: false))
        }
    }

    private static func show(
        _ target: ServerForms.Target, to exchange: Exchange, _ status: UInt16 = 200,
        _ notice: ServerForm.Notice? = nil
    ) -> Outcome {
        let path = subpath(exchange)
        var scope = StatusAPI.scope(of: path)
        scope.isCounted = false
        let report = StatusGathering.report(exchange.worker, address: "", scope)
        let form = ServerForm(
            report, id: target.id, token: ServerForms.token(exchange, path, user(of: exchange)),
            showing: notice, back: exchange.server.location(of: module)?.name)
        guard let form else {
            return give(StatusAPI.error(404, "server not found", "UpstreamServerNotFound"), to: exchange)
        }
        let nonce = Digest.randomBytes(16).map { Digest.hex($0) } ?? ""
        begin(exchange, status: status).append(form.html(nonce: nonce))
        setType(exchange, "text/html; charset=utf-8")
        add(exchange, "Content-Security-Policy", ServerForm.contentSecurityPolicy(nonce: nonce))
        add(exchange, "X-Frame-Options", "DENY")
        // Browsers then say where a form comes from.
        add(exchange, "Referrer-Policy", "same-origin")
        return end(exchange)
    }

    private static func give(_ answer: StatusAPI.Answer, to exchange: Exchange) -> Outcome {
        content(of: answer, to: exchange).write(to: begin(exchange, status: answer.status))
        if let methods = answer.allow { exchange.response.add(.allow) { $0.append(methods) } }
        setType(exchange, "application/json")
        return end(exchange)
    }

    private static func content(of answer: StatusAPI.Answer, to exchange: Exchange) -> JSON {
        guard answer.status >= 400 else { return answer.content }
        let requestID = ByteBuffer(capacity: 32)
        exchange.appendRequestID(to: requestID)
        return answer.content(requestID: String(decoding: requestID.bytes, as: UTF8.self))
    }

    // MARK: What is asked for

    /// What follows the location's own path, without slashes around it.
    private static func subpath(_ exchange: Exchange) -> String {
        let location = exchange.location
        var rest = String(decoding: exchange.uri.bytes, as: UTF8.self)[...]
        switch location.kind {
        case .prefix, .prefixWithoutRegex, .exact:
            if rest.hasPrefix(location.name) { rest = rest.dropFirst(location.name.count) }
        case .server, .regex, .named, .ifBlock: rest = ""
        }
        while rest.first == "/" { rest.removeFirst() }
        while rest.last == "/" { rest.removeLast() }
        return String(rest)
    }

    /// Where its page is, without a slash behind it; `nil`: many paths lead there, and none of ours.
    static func path(of location: Location) -> String? {
        switch location.kind {
        case .prefix, .prefixWithoutRegex:
            var path = location.name
            while path.last == "/" { path.removeLast() }
            return path
        case .server, .exact, .regex, .named, .ifBlock: return nil
        }
    }

    static func argument(_ name: String, of exchange: Exchange) -> String? {
        ServerForms.value(name, in: String(decoding: exchange.arguments.bytes, as: UTF8.self))
    }

    private static func format(_ exchange: Exchange) -> Format? {
        let path = subpath(exchange)
        let word = path.isEmpty ? argument("format", of: exchange) : path
        if let word {
            let format = Format(word: word)
            // Whoever scrapes metrics says in which of their forms.
            return format == .metrics && accepts(exchange, "openmetrics") ? .openMetrics : format
        }
        let accept = accepted(exchange)
        if accept.contains("text/html") { return .page }
        if accept.contains("application/json") { return .json }
        if accept.contains("openmetrics") { return .openMetrics }
        return accept.contains("version=0.0.4") ? .metrics : .text
    }

    static func accepts(_ exchange: Exchange, _ part: String) -> Bool {
        accepted(exchange).contains(part)
    }

    /// The `Accept` field in small letters; empty: there is none.
    private static func accepted(_ exchange: Exchange) -> String {
        exchange.withRequestField(.accept) { value in
            var text = ""
            for index in value.indices { text.unicodeScalars.append(Unicode.Scalar(value[index])) }
            return text.lowercased()
        } ?? ""
    }

    // MARK: The answer

    static func begin(_ exchange: Exchange, status: UInt16) -> ByteBuffer {
        let response = exchange.response
        response.status = status
        response.content.removeAll()
        response.add(.cacheControl) { $0.append("no-store") }
        add(exchange, "X-Content-Type-Options", "nosniff")
        return response.content
    }

    static func setType(_ exchange: Exchange, _ type: String) {
        exchange.response.contentType.removeAll()
        exchange.response.contentType.append(type)
    }

    static func add(_ exchange: Exchange, _ name: String, _ value: String) {
        exchange.response.add(name: Array(name.utf8), known: .other) { $0.append(value) }
    }

    static func end(_ exchange: Exchange) -> Outcome {
        exchange.response.contentKind = .buffered
        exchange.response.contentLength = Int64(exchange.response.content.count)
        return .respond
    }
}

extension StatusAnswers {
    private static let module = ContentModule(hasReserve: true, handle: { StatusAnswers.handle($0) })

    /// `api`, with `write=on` and without.
    private static let reading = ContentModule(
        hasReserve: true, handle: { StatusAnswers.handleAPI($0, writes: false) })
    private static let writing = ContentModule(
        hasReserve: true,
        prepare: { (block) throws(ConfigError) in try block.builder.takeWritableAPI(block) },
        handle: { StatusAnswers.handleAPI($0, writes: true) }, goOn: { StatusAnswers.write($0) })

    static var directive: Directive<Block> {
        Directive(
            "status",
            "Answers with the state of the service: a page, or `?format=json`, `text`, `prometheus`.", "",
            in: [.server, .location], arity: 0...0
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .module(module)
        }
    }

    static var directiveAPI: Directive<Block> {
        Directive(
            "api", "Answers with the state of the service in the shapes of the commercial API.",
            "[write=on | off]", default: "write=off", in: .location, arity: 0...1
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            switch statement.arguments.first {
            case nil, "write=off": block.settings.content = .module(reading)
            case "write=on": block.settings.content = .module(writing)
            case let word?: throw ConfigError("invalid parameter \"\(word)\"", statement)
            }
        }
    }
}
