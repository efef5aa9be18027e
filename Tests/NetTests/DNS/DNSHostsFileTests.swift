import Net
import Testing

@Suite("Hosts file") struct DNSHostsFileTests {
    private let file = HostsFile(
        text: "127.0.0.1\tlocalhost  app # local\n#10.0.0.9 app\n\n::1 localhost\r\n10.0.0.1 App.Example\n"
            + "10.0.0.2 app app\nnonsense app\n10.0.0.3\n10.0.0.2 app#x\n")

    @Test("all lines with the name count, in their order, without case and without doubles")
    func lookup() {
        #expect(file.addresses(of: "localhost") == addresses("127.0.0.1", "::1", port: 0))
        #expect(file.addresses(of: "APP") == addresses("127.0.0.1", "10.0.0.2", port: 0))
        #expect(file.addresses(of: "app.example.") == addresses("10.0.0.1", port: 0))
    }

    @Test("comments and lines without an address say nothing")
    func nothing() {
        for name in ["nonsense", "local", "10.0.0.3", "", ".", "#x"] {
            #expect(file.addresses(of: name) == [])
        }
    }
}
