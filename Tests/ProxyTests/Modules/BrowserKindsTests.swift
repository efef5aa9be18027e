import Testing

@testable import Proxy

@Suite("Browsers with faults") struct BrowserKindsTests {
    @Test(
        "old explorers",
        arguments: [
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", true),
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", false),
            ("Mozilla/4.0 (compatible; MSIE 5.5)", true), ("MSIE 4.01", true), ("MSIE 4.0", true),
            ("MSIE 4.", false),
            ("MSIE 7.0 and so on", false), ("MSIE 6.", false), ("Opera/9 (MSIE 6.0; x)", false), ("", false),
        ])
    func explorers(agent: String, isOld: Bool) {
        #expect(BrowserKinds.isOldExplorer(Array(agent.utf8).span) == isOld)
    }

    @Test(
        "Safari, and who says that it is like it",
        arguments: [
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) (KHTML, like Gecko) Version/14 Safari/605", true),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/99.0 Safari/605", false),
            ("Mac OS X Gecko/1 Safari/1", false), ("Safari/1 Windows", false),
            ("Mac OS X Safari/1 Opera", false), ("Mac OS X Safari/1 MSIE 7.0 and so on", false),
        ])
    func safari(agent: String, isSafari: Bool) {
        #expect(BrowserKinds.isSafari(Array(agent.utf8).span) == isSafari)
    }
}
