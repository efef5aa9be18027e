import Foundation
import TestSupport
import Testing

@Suite("Default configuration") struct DefaultConfigurationTests {
    @Test("the text that is built in is conf/portico.conf's")
    func builtInTextIsTheFile() throws {
        let file = try String(contentsOfFile: Binary.packageRoot + "/conf/portico.conf", encoding: .utf8)
        let source = try String(
            contentsOfFile: Binary.packageRoot + "/Sources/portico/DefaultConfiguration.swift",
            encoding: .utf8)
        let body = source.components(separatedBy: "#\"\"\"\n")[1].components(
            separatedBy: "\n        \"\"\"#")[0]
        let text = body.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("        ") ? String($0.dropFirst(8)) : String($0) }.joined(separator: "\n")
        #expect(text + "\n" == file)
    }

    @Test("conf/portico.conf passes the test of the binary")
    func fileIsGood() throws {
        let directory = try TemporaryDirectory()
        let words = [
            "-t", "-p", directory.path, "-c", Binary.packageRoot + "/conf/portico.conf", "-e", "stderr",
        ]
        let run = try Program.run(Binary.portico, words, in: directory)
        // Its ports may be in use by somebody; its text must be good.
        #expect(run.errors.contains("syntax is ok"), "\(run.errors)")
    }

    @Test(
        "a newcomer kills a gateway with the command that is printed, and no request notices",
        .enabled(if: geteuid() == 0, "only root may make a network of its own, in which its ports are free"))
    func failover() throws {
        let directory = try TemporaryDirectory()
        let run = try Program.run(
            "unshare",
            [
                "-n", "bash", "-c",
                """
                ip link set lo up || exit 77
                cd '\(directory.path)' && mkdir conf
                cp '\(Binary.packageRoot)'/conf/{portico.conf,ops.htpasswd} conf
                chmod 644 conf/*
                '\(Binary.portico)' </dev/null >out 2>said &
                ask() { curl -s --max-time 8 "$@"; }
                level() { ask -u ops:demo 'http://127.0.0.1:8080/status?format=text' | head -n 1; }
                # A gateway that failed a request is found well by another one, if no check came between.
                wait_for() {
                    for i in $(seq 200); do
                        level | grep -qi "$1" && return
                        ask -o answer http://127.0.0.1:8080/
                        sleep 0.1
                    done
                }
                wait_for green; level
                kill=$(sed -n 's/^kill a gateway: \\(touch [^ ]*\\).*/\\1/p' said)
                eval "$kill"
                for i in $(seq 60); do
                    ask -o answer -w '%{http_code}\\n' http://127.0.0.1:8080/
                done | sort | uniq -c
                wait_for amber; level
                ask http://127.0.0.1:8080/ http://127.0.0.1:8080/ http://127.0.0.1:8080/ | grep -c 'gateway 2'
                eval "${kill/touch/rm}"
                wait_for green; level
                kill $!; wait $!; true
                """,
            ], in: directory, name: "demonstration", within: 120)
        guard run.ending != .exited(77), !run.errors.contains("unshare failed") else { return }
        let lines = run.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        try #require(lines.count == 5, "\(run)\(directory.read("said"))")
        #expect(lines[0].lowercased().contains("green"))
        #expect(lines[1] == "60 200", "every request was answered")
        #expect(lines[2].lowercased().contains("amber"))
        #expect(lines[3] == "0", "the dead one is asked no more")
        #expect(lines[4].lowercased().contains("green"))
    }
}
