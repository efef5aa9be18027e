import Config
import Foundation
import TestSupport
import Testing
import Upstream

@testable import Proxy

@Suite("Files of a configuration")
struct FilesTests {
    @Test("an error in an included file names that file and its line")
    func includedFileIsNamed() throws {
        let folder = try TemporaryDirectory()
        try folder.write("sites/a.conf", "server {\n  listen 127.0.0.1:1;\n  lisen 2;\n}\n")
        try folder.write("main.conf", "events {}\nhttp {\n  include sites/*.conf;\n}\n")
        #expect(
            folder.error("main.conf")
                == "unknown directive \"lisen\", did you mean \"listen\"? in \(folder.path)/sites/a.conf:3")
    }

    @Test("a missing include is refused at the line that names it, a mask without files is not")
    func missingInclude() throws {
        let folder = try TemporaryDirectory()
        try folder.write("main.conf", "events {}\ninclude none.conf;\n")
        #expect(
            folder.error("main.conf")
                == "open() \"\(folder.path)/none.conf\" failed (2: No such file or directory)"
                + " in \(folder.path)/main.conf:2")
        try folder.write("main.conf", "events {}\ninclude none/*.conf;\n")
        #expect(folder.error("main.conf") == nil)
    }

    @Test("a missing main file is refused without a line")
    func missingMainFile() throws {
        let folder = try TemporaryDirectory()
        #expect(
            folder.error("main.conf")
                == "open() \"\(folder.path)/main.conf\" failed (2: No such file or directory)")
    }

    static let broken: [(String, String, Int)] = [
        ("events {}\nhttp {\n", #"unexpected end of file, expecting "}""#, 3),
        ("events {}\n}\n", #"unexpected "}""#, 2),
        ("events {}\nworker_processes 1\n", #"unexpected end of file, expecting ";" or "}""#, 3),
        ("events {}\n;\n", #"unexpected ";""#, 2),
        ("events {}\nuser \"a\"b;\n", #"unexpected "b""#, 2),
        ("events {}\nuser \"a;\n", #"unexpected end of file, expecting ";" or "}""#, 3),
    ]

    @Test("a text that is no configuration is refused where it breaks", arguments: broken)
    func brokenText(_ text: String, _ message: String, _ line: Int) throws {
        let folder = try TemporaryDirectory()
        try folder.write("main.conf", text)
        #expect(folder.error("main.conf") == "\(message) in \(folder.path)/main.conf:\(line)")
    }

    @Test("what was read is kept for -T, in the order of reading")
    func sourcesAreKept() throws {
        let folder = try TemporaryDirectory()
        try folder.write("b.conf", "pid p;\n")
        try folder.write("main.conf", "include b.conf;\nevents {}\n")
        let loaded = try folder.load("main.conf")
        #expect(loaded.sources.map(\.path) == ["\(folder.path)/main.conf", "\(folder.path)/b.conf"])
        #expect(loaded.sources.map(\.text) == ["include b.conf;\nevents {}\n", "pid p;\n"])
        #expect(loaded.main.pidPath == "\(folder.path)/p")
    }

    @Test("a host that no one knows is warned of at the line that names it")
    func unknownHost() throws {
        let folder = try TemporaryDirectory()
        for text in [
            "events {}\nhttp { server { listen 8080; location / {\nproxy_pass http://no-such-host.invalid;\n} } }",
            "events {}\nhttp { upstream u {\nserver no-such-host.invalid;\n} }",
        ] {
            try folder.write("main.conf", text)
            let loaded = try folder.load("main.conf")
            #expect(
                loaded.warnings == [
                    "host not found in upstream \"no-such-host.invalid\"; it is unavailable until it is found"
                        + " in \(folder.path)/main.conf:3"
                ])
            #expect(loaded.needsChecker)
        }
    }

    @Test("the configuration that comes with the program loads without a warning")
    func shippedConfiguration() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let folder = try TemporaryDirectory()
        let text = try String(contentsOfFile: repository + "/conf/portico.conf", encoding: .utf8)
        try folder.write("logs/.keep", "")
        try folder.write("conf/portico.conf", text)
        let loaded = try folder.load("conf/portico.conf")
        #expect(loaded.warnings == [])
        #expect(loaded.listeners.map(\.isTLS).filter { $0 }.count == 1)
        #expect(loaded.upstreams.first?.peers.count == 3)
    }
}
