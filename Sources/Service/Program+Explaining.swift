internal import Config
internal import Proxy

/// `portico explain`: what would become of a request.
extension Program {
    func explain(_ words: ExplainWords, _ options: CommandLineOptions) -> Int32 {
        do {
            let configuration = try Configuration.load(loadRequest(options))
            let question = ExplainQuestion(
                url: words.url, client: words.client, method: words.method, fields: words.fields)
            let explanation = try Explainer.explain(question, by: configuration)
            print(words.isJSON ? explanation.json : explanation.text)
            return 0
        } catch {
            for line in error.lines { _ = fail(line) }
            return 1
        }
    }
}
