import Core
import Net
import Sharing
import Testing
import Upstream

@testable import Proxy
@testable import Status

@Suite("Changes of an upstream's servers") struct ServerChangeTests {
    private func read(
        _ text: String, for purpose: ServerChange.Purpose = .change
    ) throws(ServerChangeError) -> ServerChange {
        try ServerChange(Array(text.utf8), for: purpose)
    }

    private func refusal(_ text: String, for purpose: ServerChange.Purpose = .change) -> ServerChangeError? {
        do throws(ServerChangeError) {
            _ = try read(text, for: purpose)
            return nil
        } catch {
            return error
        }
    }

    @Test("an addition says all that the documentation has")
    func addition() throws {
        let change = try read(
            #"""
            {"server":"10.0.0.1:8089","weight":4,"max_conns":0,"max_fails":0,"fail_timeout":"10s",
             "slow_start":"1500ms","backup":true,"down":true}
            """#, for: .addition)
        #expect(change.server == "10.0.0.1:8089" && change.weight == 4 && change.maxConnections == 0)
        #expect(change.maxFails == 0 && change.failTimeoutSeconds == 10 && change.slowStartMs == 1500)
        #expect(change.isBackup == true && change.isDown == true && change.isDraining == nil)
    }

    @Test("a change says as little as it likes; what it does not mention stays unsaid")
    func partial() throws {
        let down = try read(#"{"down":false}"#)
        #expect(down.isDown == false && down.weight == nil && down.server == nil && down.address == nil)
        #expect(try read(#"{"drain":true}"#).isDraining == true)
        #expect(try read(#"{"drain":false}"#).isDraining == false && read("{}").isDraining == nil)
        #expect(try read("{}") == read(" { } "))
    }

    @Test("what is no JSON is 415 JsonError", arguments: ["", "{", "{\"down\":tru}", "{\"down\":true,}"])
    func malformed(_ text: String) {
        let error = refusal(text)
        #expect(error?.status == 415 && error?.code == "JsonError")
        #expect(refusal(text, for: .addition) == error)
    }

    @Test(
        "what is no description of a server is 400 UpstreamConfFormatError",
        arguments: [
            "[]", "null", "1", "\"a\"", #"{"wight":1}"#, #"{"Weight":1}"#, #"{"":1}"#, #"{"weight":"4"}"#,
            #"{"weight":true}"#, #"{"weight":null}"#, #"{"weight":[4]}"#, #"{"weight":{"a":1}}"#,
            #"{"max_conns":"0"}"#, #"{"max_fails":false}"#, #"{"fail_timeout":10}"#, #"{"slow_start":1}"#,
            #"{"down":1}"#, #"{"down":"true"}"#, #"{"down":null}"#, #"{"drain":"x"}"#,
            #"{"server":1}"#, #"{"server":null}"#, #"{"weight":1,"weight":2}"#, #"{"x":{}}"#,
            #"{"weight":1,"\u0077eight":1}"#, #"{"route":1}"#,
        ])
    func format(_ text: String) {
        let error = refusal(text)
        #expect(error?.status == 400 && error?.code == "UpstreamConfFormatError")
    }

    @Test(
        "a value that cannot be is 400 with a code of its own",
        arguments: [
            (#"{"weight":0}"#, "UpstreamBadWeight"), (#"{"weight":-1}"#, "UpstreamBadWeight"),
            (#"{"weight":1.5}"#, "UpstreamBadWeight"), (#"{"weight":65536}"#, "UpstreamBadWeight"),
            (#"{"route":"a b"}"#, "UpstreamBadRoute"), (#"{"route":"a;b"}"#, "UpstreamBadRoute"),
            (#"{"route":"\u0000"}"#, "UpstreamBadRoute"),
            (#"{"route":"123456789012345678901234567890123"}"#, "UpstreamBadRoute"),
            (#"{"weight":99999999999999999999}"#, "UpstreamBadWeight"),
            (#"{"max_conns":-1}"#, "UpstreamBadMaxConns"),
            (#"{"max_conns":2147483648}"#, "UpstreamBadMaxConns"),
            (#"{"max_fails":-1}"#, "UpstreamBadMaxFails"), (#"{"max_fails":1e2}"#, "UpstreamBadMaxFails"),
            (#"{"fail_timeout":""}"#, "UpstreamBadFailTimeout"),
            (#"{"fail_timeout":"-1s"}"#, "UpstreamBadFailTimeout"),
            (#"{"fail_timeout":"10ms"}"#, "UpstreamBadFailTimeout"),
            (#"{"fail_timeout":"99999999999s"}"#, "UpstreamBadFailTimeout"),
            (#"{"slow_start":"1x"}"#, "UpstreamBadSlowStart"),
            (#"{"slow_start":"5w"}"#, "UpstreamBadSlowStart"),
            (#"{"server":""}"#, "UpstreamBadAddress"), (#"{"server":"a:0"}"#, "UpstreamBadAddress"),
            (#"{"server":"a; } daemon off;"}"#, "UpstreamBadAddress"),
        ])
    func values(_ text: String, _ code: String) {
        let error = refusal(text)
        #expect(error?.status == 400 && error?.code == code)
    }

    @Test("the largest values are taken")
    func largest() throws {
        let change = try read(
            #"{"weight":65535,"max_conns":2147483647,"max_fails":2147483647,"fail_timeout":"2147483647s"}"#)
        #expect(change.weight == 65_535 && change.failTimeoutSeconds == 2_147_483_647)
    }

    @Test("an addition needs an address; id, backup and service cannot be changed")
    func purposes() {
        #expect(refusal(#"{"weight":1}"#, for: .addition)?.text == "missing \"server\" argument")
        for member in [#""id":1"#, #""service":"a""#, #""parent":"a""#, #""host":"a""#, #""backup":true"#] {
            #expect(refusal("{\(member)}")?.code == "UpstreamConfFormatError")
        }
        #expect(refusal(#"{"server":"a","id":1}"#, for: .addition)?.code == "UpstreamConfFormatError")
        #expect(refusal(#"{"server":"a","backup":true}"#, for: .addition) == nil)
    }

    @Test("a refusal is the documented object; what the client chose is short in it and escaped")
    func object() {
        let name = "\\\"" + String(repeating: "x", count: 500)
        let error = refusal("{\"\(name)\":1}")
        let out = ByteBuffer(capacity: 64)
        error?.answer.content(requestID: "r").write(to: out)
        let text = String(decoding: out.bytes, as: UTF8.self)
        #expect(text.hasPrefix(#"{"error":{"status":400,"text":"unknown parameter \"\"xxx"#))
        #expect(
            text.hasSuffix(#""code":"UpstreamConfFormatError"},"request_id":"r","href":"# + "\"\(href)\"}"))
        #expect(text.utf8.count < 300)
    }

    private var href: String { "https://nginx.org/en/docs/http/ngx_http_api_module.html" }

    @Test("answers that are no errors say nothing more than they are asked")
    func success() {
        let answer = StatusAPI.answer("9/processes", fields: nil) { StatusReport() }
        let out = ByteBuffer(capacity: 64)
        answer.content(requestID: "r").write(to: out)
        #expect(String(decoding: out.bytes, as: UTF8.self) == #"{"respawned":0}"#)
    }

    @Test(
        "a server's times are written so that they can be sent back",
        arguments: [(0, "0s"), (30_000, "30s"), (1500, "1500ms")])
    func configuredTimes(_ ms: Int, _ written: String) throws {
        let address = try #require(SocketAddress.parse("10.0.0.1:80", defaultPort: 80))
        var settings = PeerSettings(server: "10.0.0.1", address: address)
        settings.slowStartMs = ms
        let server = StatusReport.Server(
            id: 0, settings: settings, state: .up, reason: "", sinceMs: 0, active: 0, failures: 0,
            sum: TallySum(), checks: (0, 0, 0, 0), isChecked: false)
        guard case .string(let text)? = server.configurationJSON["slow_start"] else {
            Issue.record("no slow_start")
            return
        }
        #expect(text == written)
        #expect(try ServerChange(Array("{\"slow_start\":\"\(text)\"}".utf8), for: .change).slowStartMs == ms)
    }
}
