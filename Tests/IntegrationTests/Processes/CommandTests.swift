import Foundation
import TestSupport
import Testing

/// What the command line says of files, and what of a reload is told to whom.
@Suite("Command line and files", .serialized) struct CommandTests {
    @Test("what -p or -c names must be there, and nothing is made of a name that is wrong")
    func missing() throws {
        let directory = try TemporaryDirectory()
        for words in [["-p", "nowhere"], ["-c", "nothing.conf"], ["-p", "nowhere", "-c", "a.conf"]] {
            for mode in [["-t"], ["-g", "daemon off;"], ["-s", "stop"]] {
                let command = words.joined(separator: " ")
                let run = try Program.run(
                    "sh",
                    ["-c", "cd '\(directory.path)' && exec '\(Binary.portico)' \"$@\"", "sh"] + words + mode,
                    in: directory)
                #expect(run.ending == .exited(1), "\(command) \(mode): \(run)")
                #expect(
                    run.errors.contains("failed (2: No such file or directory)"), "\(command): \(run.errors)")
                #expect(access(directory.path + "/nowhere", F_OK) != 0)
            }
        }
    }

    @Test("a refusal of -s reload is in the log and on the page, and no file stays")
    func refusal() throws {
        let service = try Service()
        let words = ["-p", service.directory.path + "/", "-c", service.directory.path + "/server.conf"]
        func reload() throws -> (ending: Program.Ending, output: String, errors: String) {
            try Program.run(Binary.portico, words + ["-s", "reload"], in: service.directory, within: 30)
        }
        for (text, complaint) in [
            ("bogus on;\n" + Service.usual, "unknown directive \"bogus\""),
            (Service.usual + "}", "unexpected \"}\""),
        ] {
            try service.rewrite(text)
            let run = try reload()
            #expect(run.ending == .exited(1) && run.errors.contains(complaint), "\(run)")
            #expect(service.log.contains(complaint))
            #expect(try service.body("/status?format=text").contains(complaint))
        }
        try service.rewrite(Service.usual)
        #expect(try reload().ending == .exited(0))
        kill(service.master, SIGHUP)
        #expect(waitUntil { service.log.components(separatedBy: " reconfigured\n").count > 2 })
        let names = try FileManager.default.contentsOfDirectory(atPath: service.directory.path)
        #expect(!names.contains { $0.contains(".reload") }, "\(names)")
    }

    @Test("reloads asked for at one time are all answered")
    func severalAsk() throws {
        let service = try Service()
        let words = ["-p", service.directory.path + "/", "-c", service.directory.path + "/server.conf"]
        let askers = try (0..<8).map { number in
            try Program(
                Binary.portico, words + ["-s", "reload"], in: service.directory, name: "reload\(number)")
        }
        for asker in askers { #expect(asker.waitForEnd(within: 30) == .exited(0), "\(asker.errors)") }
    }

    @Test("the checker that a reload starts is no death")
    func checkerOfReload() throws {
        let service = try Service()
        let before = try #require(service.checker)
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 5)) { service.checker.map { $0 != before } ?? false })
        #expect(try service.body("/status?format=json").contains("\"respawned\":0"))
        kill(try #require(service.checker), SIGKILL)
        #expect(
            waitUntil(Deadline(in: 5)) {
                (try? service.body("/status?format=json"))?.contains("\"respawned\":1") ?? false
            })
    }
}
