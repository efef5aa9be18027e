import Core
import Foundation
import TestSupport
import Testing

@testable import Net

@Suite("Temporary file") struct TemporaryFileTests {
    @Test("what was appended is read back from any place, and the folder stays empty")
    func spools() throws {
        let folder = try TemporaryDirectory()
        let file = try TemporaryFile(directory: folder.file("spool/1"))
        try file.append(buffer("hello "))
        let second = buffer("world")
        try file.append(second)
        #expect(text(second) == "world")
        #expect(file.size == 11)
        let out = buffer("> ")
        #expect(file.read(into: out, at: 6, count: 3) == .bytes(3))
        #expect(file.read(into: out, at: 9, count: 100) == .bytes(2))
        #expect(file.read(into: out, at: 11, count: 100) == .bytes(0))
        #expect(text(out) == "> world")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("spool/1")).isEmpty)
    }

    @Test("a file with a name stands where levels say, and stays or goes with its object")
    func named() throws {
        let folder = try TemporaryDirectory()
        let place = try #require(TemporaryFolder(folder.file("spool"), levels: [1, 2]))
        #expect(place.path(of: 123_457) == folder.file("spool/7/45/0000123457"))
        for (naming, stays) in [(TemporaryFile.Naming.kept, true), (.removed, false)] {
            var file: TemporaryFile? = try TemporaryFile(in: place, naming)
            let path = try #require(file).path
            #expect(path.wholeMatch(of: /.*\/spool\/\d\/\d\d\/\d{10}/) != nil, "\(path)")
            try file?.append(buffer("x"))
            #expect(FileManager.default.contents(atPath: path) == Data("x".utf8))
            file = nil
            #expect(FileManager.default.fileExists(atPath: path) == stays)
        }
        let nameless = try TemporaryFile(in: place, .none)
        #expect(!FileManager.default.fileExists(atPath: nameless.path))
    }

    @Test("what nobody holds any more is given back piece by piece, and small files at once")
    func left() throws {
        let folder = try TemporaryDirectory()
        let left = LeftFiles()
        let piece = ByteBuffer(capacity: 1 << 20)
        piece.append([UInt8](repeating: 7, count: 1 << 20))
        for count in [1, 40] {
            var file: TemporaryFile? = try TemporaryFile(directory: folder.path, left: left)
            for _ in 0..<count { try file?.append(piece) }
            let watch = dup(try #require(file).fd)
            defer { close(watch) }
            file = nil
            #expect(left.isEmpty == (count == 1) && size(watch) == count << 20)
            var last = size(watch)
            while !left.isEmpty {
                left.giveBack()
                #expect(left.isEmpty || size(watch) < last)
                last = size(watch)
            }
            #expect(last == 1 << 20)
        }
    }

    @Test("of more than 64 that wait the oldest is closed at once, and all others with what holds them")
    func leftMany() throws {
        var left: LeftFiles? = LeftFiles()
        let readers = try (0..<70).map { _ in
            var ends: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
            left?.add(ends[1], size: 2 << 20)
            return ends[0]
        }
        defer { for reader in readers { close(reader) } }
        // The end is read when the other side is closed.
        func closed() -> [Int] {
            readers.indices.filter { index in
                var byte: UInt8 = 0
                return read(readers[index], &byte, 1) == 0
            }
        }
        #expect(closed() == Array(0..<6))
        left = nil
        #expect(closed() == Array(0..<70))
    }

    private func size(_ fd: Int32) -> Int {
        var status = stat()
        return fstat(fd, &status) == 0 ? Int(status.st_size) : -1
    }

    @Test("what had a name stays whole for those who have it")
    func leftToOthers() throws {
        let folder = try TemporaryDirectory()
        let place = try #require(TemporaryFolder(folder.file("spool"), levels: [1]))
        let left = LeftFiles()
        let piece = ByteBuffer(capacity: 2 << 20)
        piece.append([UInt8](repeating: 7, count: 2 << 20))
        for naming in [TemporaryFile.Naming.removed, .kept] {
            var file: TemporaryFile? = try TemporaryFile(in: place, naming, left: left)
            try file?.append(piece)
            let other = open(try #require(file).path, O_RDONLY)
            defer { close(other) }
            file = nil
            while !left.isEmpty { left.giveBack() }
            #expect(size(other) == 2 << 20)
        }
    }

    @Test("levels are at most three, and ten digits together")
    func levels() {
        for levels in [[], [1], [1, 2, 3], [10], [4, 4, 2]] {
            #expect(TemporaryFolder("/a", levels: levels) != nil, "\(levels)")
        }
        for levels in [[0], [-1], [11], [1, 1, 1, 1], [4, 4, 3]] {
            #expect(TemporaryFolder("/a", levels: levels) == nil, "\(levels)")
        }
    }

    @Test("a folder that cannot be made is an error of the system")
    func refuses() throws {
        let folder = try TemporaryDirectory()
        try folder.write("", to: "file")
        #expect(throws: Errno(code: ENOTDIR)) { try TemporaryFile(directory: folder.file("file/spool")) }
    }
}

@Suite("Files") struct FileAccessTests {
    @Test("a file is read whole, and one beyond the limit not at all")
    func readsWhole() throws {
        let folder = try TemporaryDirectory()
        try folder.write("12345", to: "a")
        #expect(try FileAccess.readWhole(folder.file("a")) == Array("12345".utf8))
        #expect(try FileAccess.readWhole(folder.file("a"), limit: 5).count == 5)
        let error = #expect(throws: FileError.self) { try FileAccess.readWhole(folder.file("a"), limit: 4) }
        #expect(error?.errno == .fileTooLarge)
    }

    @Test("a missing file says so in nginx's words")
    func missing() throws {
        let error = #expect(throws: FileError.self) { try FileAccess.readWhole("/nonexistent/file") }
        #expect(error?.message == "open() \"/nonexistent/file\" failed (2: No such file or directory)")
        #expect(error?.errno.isNotFound == true)
    }

    @Test("a path with a zero byte is no other file's path")
    func zeroByte() throws {
        let folder = try TemporaryDirectory()
        try folder.write("secret", to: "a")
        let path = folder.file("a") + "\u{0}.html"
        #expect(throws: FileError.self) { try FileAccess.readWhole(path) }
        #expect(throws: FileError.self) { try OpenedFile(path) }
        #expect(FileAccess.stamp(path) == nil)
        #expect(FileAccess.realPath(path) == nil)
        #expect(!FileAccess.isExecutable(path))
        let bytes = buffer()
        bytes.append(path)
        #expect(FileAccess.stamp(bytes) == nil && Errno.current.isNotFound)
        #expect(!FileAccess.isExecutable(bytes))
        let out = buffer()
        FileAccess.appendRealPath(bytes, to: out)
        #expect(out.isEmpty)
    }

    @Test("a path of bytes leads to the file of that name, UTF-8 or not")
    func pathsOfBytes() throws {
        let folder = try TemporaryDirectory()
        try folder.write("x", to: "replaced\u{FFFD}")
        let path = buffer()
        path.append(folder.path + "/replaced")
        path.append(0xFF)
        #expect(FileAccess.stamp(path) == nil)
        let error = #expect(throws: FileError.self) { try OpenedFile(path) }
        #expect(error?.message.hasSuffix("/replaced\\xFF\" failed (2: No such file or directory)") == true)
        let fd = path.withPath { creat($0, 0o600) }
        #expect(fd.map { close($0) } == 0)
        #expect(FileAccess.stamp(path)?.isRegular == true && FileAccess.stamp(path)?.size == 0)
        #expect(try OpenedFile(path).stamp.isRegular)
        let real = buffer()
        FileAccess.appendRealPath(path, to: real)
        #expect(real.bytes == path.bytes)
        #expect(path.bytes.last == 0xFF && path.count == folder.path.utf8.count + 10)
    }

    @Test("patterns give sorted files, and nothing where nothing matches")
    func globs() throws {
        let folder = try TemporaryDirectory()
        for name in ["b.conf", "a.conf", "c.txt"] { try folder.write("", to: name) }
        #expect(FileAccess.glob(folder.file("*.conf")) == [folder.file("a.conf"), folder.file("b.conf")])
        #expect(FileAccess.glob(folder.file("*.none")).isEmpty)
    }

    @Test("an opened file knows its size, kind and age, and reads from any place")
    func opened() throws {
        let folder = try TemporaryDirectory()
        try folder.write("0123456789", to: "a")
        let file = try OpenedFile(folder.file("a"))
        #expect(file.stamp.size == 10)
        #expect(file.stamp.isRegular && !file.stamp.isDirectory)
        #expect(file.stamp == FileAccess.stamp(folder.file("a")))
        #expect(file.stamp.modified == 1_700_000_000)
        let out = buffer()
        #expect(file.read(into: out, at: 8, count: 64) == .bytes(2))
        #expect(file.read(into: out, at: 10, count: 64) == .bytes(0))
        #expect(text(out) == "89")
        #expect(try OpenedFile(folder.path).stamp.isDirectory)
    }

    @Test("a named pipe does not hold up who opens it")
    func namedPipe() throws {
        let folder = try TemporaryDirectory()
        #expect(mkfifo(folder.file("p"), 0o600) == 0)
        let file = try OpenedFile(folder.file("p"))
        #expect(!file.stamp.isRegular)
    }

    @Test("folders are made with those above them; what is there is left alone")
    func makesFolders() throws {
        let folder = try TemporaryDirectory()
        try Directory.makeParents(of: folder.file("a/b/c/file"))
        #expect(FileAccess.stamp(folder.file("a/b/c"))?.isDirectory == true)
        try Directory.make(folder.file("a/b/c"))
        try Directory.makeParents(of: "file")
        #expect(throws: Errno(code: ENOTDIR)) {
            try folder.write("", to: "f")
            try Directory.make(folder.file("f/g"))
        }
    }
}
