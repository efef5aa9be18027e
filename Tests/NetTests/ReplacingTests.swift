import CLinux
import Foundation
import Net
import TestSupport
import Testing

@Suite("Files that are replaced") struct ReplacingTests {
    private func text(_ path: String) throws -> String? {
        try FileAccess.readPlain(path, limit: 100).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a file is made, then replaced under the same rights, and nothing else is left")
    func replaces() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("a")
        #expect(try text(path) == nil)
        try FileAccess.replace(path, with: Array("one".utf8))
        #expect(try text(path) == "one")
        chmod(path, 0o600)
        try FileAccess.replace(path, with: Array("two".utf8))
        #expect(try text(path) == "two")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
    }

    @Test("what killed writers left is removed; drafts of those who live, and other files, stay")
    func removesDrafts() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("a")
        let dead = portico_fork()
        if dead == 0 { _exit(0) }
        waitpid(dead, nil, 0)
        let kept = [
            "a", "a.\(getpid()).tmp", "a.tmp", "a.x.tmp", "b.\(dead).tmp", "a.\(dead)", "a.-\(dead).tmp",
            "a.0.tmp",
            "a.0\(dead).tmp",
        ]
        for name in kept + ["a.\(dead).tmp"] { try folder.write("", to: name) }
        FileAccess.removeDrafts(of: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == kept.sorted())
        FileAccess.removeDrafts(of: folder.file("none/a"))
    }

    @Test("a folder in the place, or none around it, is an error that names the file")
    func refuses() throws {
        let folder = try TemporaryDirectory()
        try Directory.make(folder.file("a/b"))
        #expect(throws: FileError.self) { try FileAccess.replace(folder.file("a"), with: [1]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
        #expect(throws: FileError.self) { try FileAccess.replace(folder.file("c/d"), with: [1]) }
        #expect(try text(folder.file("c/d")) == nil)
    }

    @Test(
        "a link is replaced, not what it leads to; it is not read, nor is a pipe or a file that is too long")
    func plainFilesOnly() throws {
        let folder = try TemporaryDirectory()
        try FileAccess.replace(folder.file("target"), with: Array("target".utf8))
        #expect(symlink(folder.file("target"), folder.file("link")) == 0)
        #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
        for name in ["link", "pipe", "."] {
            #expect(throws: FileError.self) { try FileAccess.readPlain(folder.file(name), limit: 100) }
        }
        #expect(throws: FileError.self) { try FileAccess.readPlain(folder.file("target"), limit: 5) }
        try FileAccess.replace(folder.file("link"), with: Array("new".utf8))
        #expect(try text(folder.file("link")) == "new")
        #expect(try text(folder.file("target")) == "target")
    }
}

@Suite("The lock of shared memory") struct SharedLockTests {
    @Test("one process at a time has it; one that dies with it lets it go")
    func acrossForks() throws {
        let memory = try SharedMemory(count: 2)
        let child = portico_fork()
        if child == 0 {
            memory.storeOrdered(0, memory.lock(withinMs: 0) ? 1 : 2)
            while memory.loadOrdered(1) == 0 { usleep(500) }
            kill(getpid(), SIGKILL)
        }
        defer { kill(child, SIGKILL) }
        for _ in 0..<10_000 where memory.loadOrdered(0) == 0 { usleep(500) }
        #expect(memory.load(0) == 1)
        #expect(!memory.lock(withinMs: 5))
        memory.storeOrdered(1, 1)
        // It is a zombie by then, which is no process that could let go of anything itself.
        #expect(memory.lock(withinMs: 5000))
        memory.unlock()
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
    }
}
