import Testing

@testable import portico_bench

@Suite("the words of portico-bench load")
struct LoadOptionsTests {
    @Test("several URLs of an origin, with weights")
    func targets() throws {
        let options = try LoadOptions(["http://a:81/x@3", "http://a:81/y?z=@1"])
        #expect(options.host == "a" && options.port == 81)
        #expect(options.targets.map(\.path) == ["/x", "/y?z="])
        #expect(options.targets.map(\.weight) == [3, 1])
    }

    @Test("ports and paths that are left out")
    func defaults() throws {
        let options = try LoadOptions(["https://[::1]"])
        #expect(options.isTLS && options.host == "[::1]" && options.port == 443)
        #expect(options.targets.map(\.path) == ["/"])
    }

    @Test(
        "what cannot be obeyed is refused",
        arguments: [
            [], ["ftp://a/"], ["http://a/", "http://b/"], ["http://a:0/"], ["-c", "0", "http://a/"],
            ["--rate", "-1", "http://a/"], ["-d", "10", "http://a/"], ["-H", "novalue", "http://a/"],
            ["-H", "a: b\r\nc: d", "http://a/"], ["-X", "GET /", "http://a/"], ["-m", "4", "http://a/"],
            ["--download", "/x", "http://a/"],
            ["--h2", "--pipeline", "2", "http://a/"], ["--h2", "-m", "0", "http://a/"],
            ["--h2", "--download", "x", "http://a/"], ["--tls", "1.1", "http://a/"],
            ["-o", "xml", "http://a/"], ["http://a/", "-n"], ["--frobnicate", "1", "http://a/"],
        ])
    func refusals(_ words: [String]) {
        #expect(throws: LoadOptions.Complaint.self) { try LoadOptions(words) }
    }

    @Test(
        "times carry a unit",
        arguments: [("500us", 500), ("5ms", 5000), ("1.5s", 1_500_000), ("2m", 120_000_000)])
    func times(_ text: String, _ us: Int64) throws {
        #expect(try LoadOptions.time("-d", text) == us)
    }

    @Test("a number of requests ends a run, and the clock as well if it is asked to")
    func bounds() throws {
        #expect(try LoadOptions(["http://a/"]).isBounded)
        #expect(try !LoadOptions(["-n", "5", "http://a/"]).isBounded)
        #expect(try LoadOptions(["-n", "5", "-d", "1s", "http://a/"]).isBounded)
    }

    @Test("every option stands in the help")
    func help() {
        for word in [
            "--connections", "--threads", "--duration", "--requests", "--warmup", "--rate", "--pipeline",
            "--close",
            "--resume", "--tls", "--ciphers", "--method", "--header", "--body", "--body-size", "--timeout",
            "--format", "--quiet", "--h2", "--streams", "--download", "--max-p50", "--max-p99", "--max-p999",
            "--max-errors", "--min-rate",
        ] {
            #expect(LoadOptions.help.contains(word))
        }
    }
}
