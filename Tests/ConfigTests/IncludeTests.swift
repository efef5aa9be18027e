import Config
import Testing

@Suite("include") struct IncludeTests {
    @Test("what a file holds stands in the directive's place, in every context, in order")
    func splices() throws {
        let files = ["/conf/a": "x;", "/conf/d/1": "y;", "/conf/d/2": "z { include a; }", "/abs": "w;"]
        let statements = try parse("a; b { include d/*; } include /abs; c;", files: files)
        #expect(statements.map(\.name) == ["a", "b", "w", "c"])
        #expect(statements[1].block?.map(\.name) == ["y", "z"])
        #expect(statements[1].block?[1].block?[0].location == SourceLocation(file: "/conf/a", line: 1))
    }

    @Test("the folder may end in a slash")
    func joinsFolder() throws {
        let files = MemoryFiles(["/conf/a": ""])
        _ = try ConfigParser(files: files, directory: "/conf/").parse(text: "include a;", name: "t")
        #expect(files.opened == ["/conf/a"])
    }

    @Test("a mask that matches nothing is fine; a missing file is not")
    func missing() {
        #expect(problem(in: "include no*; include n[o]; include n?;") == nil)
        #expect(
            problem(in: "\ninclude no;")
                == "open() \"/conf/no\" failed (2: No such file or directory) in /conf/t.conf:2")
    }

    @Test("a missing main file has no place to name")
    func missingMain() {
        let parser = ConfigParser(files: MemoryFiles(), directory: "/conf")
        #expect(
            problem { () throws(ConfigError) in _ = try parser.read(path: "/conf/x").checked() }
                == "open() \"/conf/x\" failed (2: No such file or directory)")
    }

    @Test("a block ends in the file that began it")
    func balanced() {
        #expect(
            problem(in: "a { include x;", files: ["/conf/x": "}"]) == "unexpected \"}\" in /conf/x:1")
        #expect(
            problem(in: "include x; }", files: ["/conf/x": "a {"])
                == "unexpected end of file, expecting \"}\" in /conf/x:1")
    }

    @Test("a file that includes itself is refused, directly and through another")
    func refusesLoops() {
        #expect(problem(in: "include t.conf;") == "file \"/conf/t.conf\" includes itself in /conf/t.conf:1")
        #expect(
            problem(in: "include a;", files: ["/conf/a": "include b;", "/conf/b": "\n\ninclude a;"])
                == "file \"/conf/a\" includes itself in /conf/b:3")
    }

    @Test("one file may be included twice side by side")
    func repeats() throws {
        #expect(try parse("include a; include a;", files: ["/conf/a": "x;"]).count == 2)
    }

    @Test("faults are bounded: behind so many nothing is read")
    func faultsAreBounded() throws {
        let loops = String(repeating: "include a;\n", count: 3000)
        let parser = ConfigParser(files: MemoryFiles(["/conf/a": loops]), directory: "/conf")
        #expect(try parser.read(text: loops, name: "t").faults.count == ConfigParser.faultsMax)
        let reading = try parser.read(text: String(repeating: ";", count: 5000) + "user a;", name: "t")
        #expect(reading.faults.count == ConfigParser.faultsMax && reading.statements.isEmpty)
    }

    @Test("chains of files are bounded, and so is their number")
    func bounded() {
        var chain: [String: String] = [:]
        for index in 0..<40 { chain["/conf/\(index)"] = "include \(index + 1);" }
        #expect(
            problem(in: "include 0;", files: chain)
                == "files include each other more than 32 deep in /conf/31:1")
        let many = String(repeating: "include next;", count: 10)
        var wide: [String: String] = [:]
        for index in 0..<8 { wide["/conf/\(index)"] = many.replacing("next", with: "\(index + 1)") }
        wide["/conf/8"] = ""
        #expect(
            problem(in: "include 0;", files: wide)?.hasPrefix("more than 10000 files are included") == true)
    }
}
