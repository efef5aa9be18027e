internal import Core
internal import HTTP
internal import Net
internal import Status

/// What `status` says below its path at `explain?url=…`: what would become of a request, as `portico explain`
/// finds it out, but for this service as it is now.
enum ExplainAnswers {
    /// Most fields that a question may have.
    private static var fieldsMax: Int { 32 }

    static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.worker.trace == nil else {
            return give("The explanation of another request; it is not explained in its turn.\n", exchange)
        }
        let query = String(decoding: exchange.arguments.bytes, as: UTF8.self)
        let url = ServerForms.value("url", in: query) ?? ""
        guard !url.isEmpty else {
            if isPage(exchange) { return give(page(exchange, [], isGood: true), exchange, "text/html") }
            return give("Which request is to be explained: explain?url=…\n", exchange, status: 400)
        }
        guard exchange.worker.explaining < ExplainProcess.runningMax else {
            let outcome = give(
                "As many requests as may be are being explained: try again.\n", exchange, status: 503)
            StatusAnswers.add(exchange, "Retry-After", "1")
            return outcome
        }
        do throws(Errno) {
            try ExplainProcess.start(
                question(url, exchange), asJSON: format(exchange) == "json", for: exchange)
            return .suspended
        } catch {
            exchange.worker.log(.warn, exchange, "fork() failed \(error.logText): a request is not explained")
            return give("There can be no process for it now.\n", exchange, status: 503)
        }
    }

    private static func question(_ url: String, _ exchange: Exchange) -> ExplainQuestion {
        func value(_ name: String) -> String? {
            ServerForms.value(name, in: String(decoding: exchange.arguments.bytes, as: UTF8.self)).flatMap {
                $0.isEmpty ? nil : $0
            }
        }
        let pairs = String(decoding: exchange.arguments.bytes, as: UTF8.self).split(separator: "&")
        let fields = pairs.compactMap { ServerForms.value("header", in: String($0)) }.filter { !$0.isEmpty }
        var question = ExplainQuestion(
            url: url, client: value("client") ?? asker(exchange), method: value("method") ?? "GET",
            fields: Array(fields.prefix(fieldsMax)))
        question.address = exchange.client.localAddress
        return question
    }

    /// The address that the question comes from, if it comes from one.
    private static func asker(_ exchange: Exchange) -> String {
        if case .unix = exchange.remoteAddress.kind { return "127.0.0.1" }
        return exchange.remoteAddress.addressText
    }

    /// Something came of the question.
    static func conclude(_ result: ExplainProcess.Result, _ exchange: Exchange) -> Outcome {
        let (text, status): ([UInt8], UInt16) =
            switch result {
            case .found(let text): (text, 200)
            case .refused(let reason): (reason + [UInt8.lineFeed], 400)
            case .failed(let reason): (Array("\(reason)\n".utf8), 504)
            }
        if isPage(exchange) {
            return give(page(exchange, text, isGood: status == 200), exchange, "text/html", status: status)
        }
        let isJSON = format(exchange) == "json" && status == 200
        return give(
            String(decoding: text, as: UTF8.self), exchange, isJSON ? "application/json" : "text/plain",
            status: status)
    }

    // MARK: The answer

    private static func page(_ exchange: Exchange, _ text: [UInt8], isGood: Bool) -> ExplainPage {
        let query = String(decoding: exchange.arguments.bytes, as: UTF8.self)
        let asked = question(ServerForms.value("url", in: query) ?? "", exchange)
        return ExplainPage(
            fields: [asked.url, asked.method, asked.client, asked.fields.first ?? ""],
            text: String(decoding: text, as: UTF8.self), isGood: isGood,
            back: StatusAnswers.path(of: exchange.location) ?? "")
    }

    private static func isPage(_ exchange: Exchange) -> Bool { format(exchange) == "html" }

    private static func format(_ exchange: Exchange) -> String {
        if let word = StatusAnswers.argument("format", of: exchange) { return word }
        if StatusAnswers.accepts(exchange, "text/html") { return "html" }
        return StatusAnswers.accepts(exchange, "application/json") ? "json" : "text"
    }

    private static func give(
        _ page: ExplainPage, _ exchange: Exchange, _ type: String, status: UInt16 = 200
    ) -> Outcome {
        let nonce = Digest.randomBytes(16).map { Digest.hex($0) } ?? ""
        let outcome = give(page.html(nonce: nonce), exchange, type, status: status)
        StatusAnswers.add(
            exchange, "Content-Security-Policy", ExplainPage.contentSecurityPolicy(nonce: nonce))
        StatusAnswers.add(exchange, "Referrer-Policy", "no-referrer")
        return outcome
    }

    private static func give(
        _ text: String, _ exchange: Exchange, _ type: String = "text/plain", status: UInt16 = 200
    ) -> Outcome {
        StatusAnswers.begin(exchange, status: status).append(text)
        StatusAnswers.setType(exchange, type == "application/json" ? type : "\(type); charset=utf-8")
        return StatusAnswers.end(exchange)
    }
}
