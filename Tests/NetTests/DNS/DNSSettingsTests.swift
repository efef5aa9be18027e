import Testing

@testable import Net

@Suite("Resolver settings") struct DNSSettingsTests {
    private func names(_ settings: ResolverSettings, _ host: String) -> [DNSName] {
        settings.candidates(for: host)
    }

    @Test("servers, search list and ndots are read, the rest is passed over")
    func parses() {
        let text = """
            # nameserver 10.0.0.8
            ; nameserver 10.0.0.9
            nameserver 10.0.0.1
            nameserver\t2001:db8::1  # the second
            nameserver 10.0.0.1
            nameserver fe80::1%eth0
            nameserver
            domain old.example
            search a.example b.example. ..bad
            options timeout:1 ndots:5 attempts:9 rotate
            sortlist 10.0.0.0
            """
        let settings = ResolverSettings.parse(resolvConf: text)
        #expect(settings.servers == addresses("10.0.0.1", "2001:db8::1", port: 53))
        #expect(settings.search == ["a.example", "b.example."])
        #expect(settings.ndots == 5)
        #expect(settings.timeoutMs == 30_000)
        #expect(settings.usesIPv4 && settings.usesIPv6 && !settings.usesHosts)
    }

    @Test("the last of domain and search counts; ndots has a limit and its default")
    func details() {
        #expect(ResolverSettings.parse(resolvConf: "search a b\ndomain c").search == ["c"])
        #expect(ResolverSettings.parse(resolvConf: "domain c\r\nsearch a b\r\n").search == ["a", "b"])
        #expect(ResolverSettings.parse(resolvConf: "options ndots:99").ndots == 15)
        for text in ["", "options ndots:-1", "options ndots:", "options ndots:99999999999999999999"] {
            #expect(ResolverSettings.parse(resolvConf: text).ndots == 1)
        }
    }

    @Test("the system's settings always have a server, and look at the hosts file")
    func system() {
        #expect(!ResolverSettings.system().servers.isEmpty)
        #expect(ResolverSettings.system().usesHosts)
    }

    @Test("few dots: completed first; enough dots: as it is first; a dot at the end: only as it is")
    func candidates() {
        var settings = ResolverSettings(servers: [])
        settings.search = ["x.y", "z"]
        #expect(names(settings, "app") == ["app.x.y", "app.z", "app"].compactMap { DNSName($0) })
        #expect(names(settings, "app.b") == ["app.b", "app.b.x.y", "app.b.z"].compactMap { DNSName($0) })
        #expect(names(settings, "app.") == ["app"].compactMap { DNSName($0) })
        #expect(names(settings, "a..b") == [])
        settings.search = [String(repeating: "a.", count: 126)]
        #expect(names(settings, "app") == ["app"].compactMap { DNSName($0) })
    }

    @Test("a server is asked once, a wildcard is this machine, a UNIX socket is none")
    func usableServers() {
        var settings = ResolverSettings(
            servers: addresses("10.0.0.1", "::ffff:10.0.0.1", "0.0.0.0", "::", port: 53))
        settings.servers.append(SocketAddress(.unix("/a")))
        #expect(settings.usableServers == addresses("10.0.0.1", "127.0.0.1", "::1", port: 53))
    }
}
