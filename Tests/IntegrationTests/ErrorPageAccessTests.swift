import TestSupport
import Testing

/// Where an error leads, access is checked: the cells of the matrix that nginx cannot be asked about.
@Suite("Access at error pages")
struct ErrorPageAccessTests {
    @Test("the status page of an error is for those whom its location lets in", .timeLimit(.minutes(1)))
    func statusIsClosed() throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let contents = ["status": "status;", "api": "api;"]
        let server = try Server(
            """
            error_log %PREFIX%/error.log info;
            events { }
            http { upstream dead { server %DEAD% max_fails=0; }
                server { listen 127.0.0.1:%PORT1%; \(ErrorAccessMatrix.locations(contents: contents)) } }
            """,
            gateways: [gateway], files: ErrorAccessMatrix.files)
        for cell in ErrorAccessMatrix.cells(contents: contents) {
            for (who, fields) in ErrorAccessMatrix.credentials.enumerated() {
                gateway.takeAnswers(from: AnswerQueue(cell.answers))
                let status = try ask(server, cell.target, fields)
                let isRight = who == 2
                if cell.closing == "address" || cell.closing != "deny" && isRight {
                    #expect(status != 401 && status != 403, "\(cell.target), \(fields)")
                } else {
                    #expect(status == (cell.closing == "deny" ? 403 : 401), "\(cell.target), \(fields)")
                }
            }
        }
        server.finish()
    }

    private func ask(_ server: Server, _ target: String, _ fields: [String]) throws -> Int {
        let client = try RawClient(port: server.port)
        let lines = ["GET \(target) HTTP/1.1", "Host: x"] + fields + ["Connection: close", "", ""]
        client.send(lines.joined(separator: "\r\n"))
        return try client.response(within: 20).status
    }
}
