import Config
import Net
import Testing
import Upstream

@testable import Proxy

@Suite("A load balancer's file")
struct AcceptanceTests {
    /// No `http` around it, TLS of the front commented out, TLS towards the gateways.
    static let text = """
        upstream gateways {
            ip_hash;
            server 127.0.0.1:8001;
            server 127.0.0.1:8002;
            server 127.0.0.1:8003;
        }

        server {
            listen 8000;
            # listen 443 ssl;
            # ssl_certificate /etc/ssl/front.pem;
            # ssl_certificate_key /etc/ssl/front.key;

            location / {
                proxy_set_header Host $host;
                proxy_set_header X-Real-IP $remote_addr;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_buffering off;
                proxy_pass https://gateways;
            }

            location /status {
                stub_status on;
                auth_basic "realm";
            }
        }
        """

    @Test("is accepted without an http block, and without events")
    func isAccepted() throws {
        let configuration = try Loading.main(AcceptanceTests.text)
        #expect(configuration.listeners.map(\.address.text) == ["0.0.0.0:8000"])
        #expect(configuration.listeners.map(\.isTLS) == [false])
        #expect(configuration.upstreams.map(\.name) == ["gateways"])
        #expect(
            configuration.upstreams.first?.peers.map(\.name) == [8001, 8002, 8003].map { "127.0.0.1:\($0)" })
        #expect(configuration.sources.isEmpty)
    }

    @Test("passes to the group by TLS, unbuffered, with the three fields")
    func passesToTheGroup() throws {
        let location = try #require(try Loading.main(AcceptanceTests.text).location(of: "/any"))
        guard case .proxy(let target) = location.settings.content else {
            Issue.record("/ does not proxy")
            return
        }
        #expect(target.isTLS)
        #expect(target.groupIndex == 0)
        #expect(target.uri == nil)
        #expect(!location.settings.proxy.isBuffered)
        #expect(location.settings.proxy.setHeaders.elements.count == 3)
    }

    @Test("protects the status page, and says that the user file is missing")
    func protectsStatus() throws {
        let configuration = try Loading.main(AcceptanceTests.text)
        let location = try #require(configuration.location(of: "/status"))
        guard case .module(let module) = location.settings.content, module === StubStatus.module else {
            Issue.record("/status is not the status page")
            return
        }
        #expect(location.settings.auth.realm?.source == "realm")
        #expect(location.settings.auth.userFile == nil)
        #expect(configuration.warnings.count == 1)
        #expect(configuration.warnings.first?.hasSuffix(" in \(Loading.file):24") == true)
    }

    @Test("main directives may stand beside servers, and in -g")
    func mainDirectivesBeside() throws {
        let configuration = try Loading.main(
            "worker_processes 3;\n" + AcceptanceTests.text, globals: "daemon off; pid /p;")
        #expect(configuration.main.workerProcesses == 3)
        #expect(configuration.main.daemonizes == false)
        #expect(configuration.main.pidPath == "/p")
    }
}
