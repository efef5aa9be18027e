import Testing

@testable import Proxy

@Suite("absolute_redirect") struct RedirectTests {
    /// What a client gets of a server with this line.
    private func answer(_ line: String) throws -> String {
        let scripted = try ScriptedWorker(serving: "\(line) location / { return 302 /b; }")
        let client = try ScriptedClient(of: scripted)
        client.send("GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n")
        return client.text
    }

    @Test("says whether redirects name scheme and host")
    func redirects() throws {
        #expect(try answer("absolute_redirect off;").contains("\r\nLocation: /b\r\n"))
        #expect(try answer("").contains("\r\nLocation: http://a.test"))
    }
}
