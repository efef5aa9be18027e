import Core
import Foundation
import Net
import TestSupport
import Testing

@Suite("Error log") struct ErrorLogTests {
    @Test("a line has nginx's form")
    func form() throws {
        let folder = try TemporaryDirectory()
        let log = try ErrorLog([.init(.file(folder.file("error.log")), .info)])
        log.write(.error, connection: 12, "connect() failed \(Errno.connectionRefused.logText)")
        log.write(.notice, connection: nil, "start")
        let lines = folder.read("error.log").split(separator: "\n").map(String.init)
        let pid = getpid()
        let time = #/\d{4}/\d\d/\d\d \d\d:\d\d:\d\d /#
        #expect(lines.count == 2)
        #expect(
            lines.first?.replacing(time, with: "")
                == "[error] \(pid)#\(pid): *12 connect() failed (111: Connection refused)")
        #expect(lines.last?.replacing(time, with: "") == "[notice] \(pid)#\(pid): start")
        #expect(lines.allSatisfy { $0.prefixMatch(of: time) != nil })
    }

    @Test("a line's time is the loop's clock's, where there is one")
    func time() throws {
        let folder = try TemporaryDirectory()
        let clock = Clock()
        let log = try ErrorLog([.init(.file(folder.file("e")), .info)], clock: clock)
        log.write(.info, connection: nil, "x")
        #expect(folder.read("e").hasPrefix(String(decoding: clock.errorLogTime, as: UTF8.self) + " [info] "))
    }

    @Test("a line that comes over and over is written ten times a second, and then counted")
    func repeated() throws {
        let folder = try TemporaryDirectory()
        let clock = Clock()
        /// What is behind `1#1: `, and behind `*1 `.
        func messages() -> [String] {
            folder.read("e").split(separator: "\n").map { line in
                let message = line.drop { $0 != "#" }.split(separator: ": ", maxSplits: 1).last ?? ""
                return String(message.hasPrefix("*") ? message.split(separator: " ").last ?? "" : message)
            }
        }
        do {
            let log = try ErrorLog([.init(.file(folder.file("e")), .info)], clock: clock)
            for number in 0..<100 { log.write(.error, connection: number, "a") }
            #expect(messages() == Array(repeating: "a", count: 10))
            log.write(.error, connection: nil, "b")
            #expect(messages().dropFirst(10) == ["message repeated 90 times: a", "b"])
            // Another level is another line, and grave ones are all written.
            log.write(.warn, connection: nil, "b")
            for _ in 0..<20 { log.write(.crit, connection: nil, "c") }
            #expect(Array(messages().dropFirst(12)) == ["b"] + Array(repeating: "c", count: 20))
            for _ in 0..<11 { log.write(.warn, connection: nil, "d") }
            let second = clock.errorLogTime
            while clock.errorLogTime == second {
                usleep(10_000)
                clock.update()
            }
            log.write(.warn, connection: nil, "d")
            #expect(messages().suffix(3) == ["d", "message repeated 1 times: d", "d"])
            for _ in 0..<12 { log.write(.warn, connection: nil, "d") }
        }
        #expect(messages().last == "message repeated 3 times: d")
    }

    @Test("each sink takes its level and graver; a message that nobody wants is not made")
    func levels() throws {
        let folder = try TemporaryDirectory()
        let log = try ErrorLog([
            .init(.file(folder.file("all")), .info), .init(.file(folder.file("few")), .crit),
        ])
        #expect(log.isEnabled(.info) && !log.isEnabled(.debug))
        func unwanted() -> String {
            Issue.record("made for nothing")
            return ""
        }
        log.write(.debug, connection: nil, unwanted())
        log.write(.error, connection: nil, "one")
        log.write(.alert, connection: nil, "two")
        #expect(folder.read("all").split(separator: "\n").count == 2)
        #expect(folder.read("few").split(separator: "\n").count == 1)
    }

    @Test("what a terminal could obey, and what could forge a line, is escaped")
    func escapes() throws {
        let folder = try TemporaryDirectory()
        let log = try ErrorLog([.init(.file(folder.file("e")), .info)])
        log.write(.info, connection: nil, "a\r\nb\u{1B}[31m\u{0}\u{7F}\u{9B}\t\"\\")
        let written = folder.read("e")
        #expect(written.hasSuffix(": a\\x0D\\x0Ab\\x1B[31m\\x00\\x7F\\xC2\\x9B\\x09\"\\\n"))
        #expect(written.split(separator: "\n").count == 1)
    }

    @Test("a line is at most 2048 bytes and never ends inside an escape", arguments: ["a", "\u{1}"])
    func length(unit: String) throws {
        let folder = try TemporaryDirectory()
        let log = try ErrorLog([.init(.file(folder.file("e")), .info)])
        log.write(.info, connection: nil, String(repeating: unit, count: 5000))
        let written = folder.read("e")
        #expect(written.utf8.count <= 2048 && written.utf8.count > 2040)
        #expect(written.hasSuffix(unit == "a" ? "a\n" : "\\x01\n"))
    }

    @Test("after a rename, reopening begins a new file")
    func reopens() throws {
        let folder = try TemporaryDirectory()
        let log = try ErrorLog([.init(.file(folder.file("logs/e")), .info)])
        log.write(.info, connection: nil, "before")
        try FileManager.default.moveItem(atPath: folder.file("logs/e"), toPath: folder.file("logs/e.1"))
        log.write(.info, connection: nil, "between")
        #expect(log.reopen().isEmpty)
        log.write(.info, connection: nil, "after")
        #expect(folder.read("logs/e.1").split(separator: "\n").count == 2)
        #expect(folder.read("logs/e").hasSuffix("after\n"))
    }

    @Test("a log that cannot be opened says which and why")
    func unopenable() throws {
        let folder = try TemporaryDirectory()
        try folder.write("", to: "file")
        let path = folder.file("file/e")
        let error = #expect(throws: FileError.self) { try ErrorLog([.init(.file(path), .info)]) }
        #expect(error?.message == "open() \"\(path)\" failed (20: Not a directory)")
    }

    @Test("the words of error_log are its levels'")
    func levelNames() {
        #expect(LogLevel.allCases.allSatisfy { LogLevel(name: $0.name) == $0 })
        #expect(LogLevel(name: "warning") == nil)
        #expect(LogLevel.emerg < .debug)
    }
}

@Suite("Syslog") struct SyslogTests {
    /// A datagram socket at a path, as a syslog daemon has it.
    private func daemon(at path: String) throws -> Int32 {
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1))
        }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno.current }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return fd
    }

    private func receive(_ fd: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(fd, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    @Test("lines go out with the priority of their level (RFC 3164 4.1)")
    func lines() throws {
        let folder = try TemporaryDirectory()
        let fd = try daemon(at: folder.file("log"))
        defer { close(fd) }
        let target = try SyslogTarget(
            "server=unix:\(folder.file("log")),facility=local0,tag=front,nohostname")
        let log = try ErrorLog([.init(.syslog(target), .info)])
        log.write(.error, connection: nil, "oops")
        let line = receive(fd)
        #expect(line.hasPrefix("<131>"))
        #expect(line.contains(" front: 2"))
        #expect(line.hasSuffix(": oops"))
        let access = try LogFile(.syslog(target), bufferSize: 0, flushMs: nil)
        access.buffer.append("GET /\n")
        #expect(access.lineDone(nowMs: 0) == nil)
        let sent = receive(fd)
        #expect(sent.hasPrefix("<134>"))
        #expect(sent.hasSuffix(" front: GET /"))
        #expect(access.buffer.isEmpty)
    }

    @Test("a server that begins anew behind the same path gets the next line, and one that begins late too")
    func reconnects() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("log")
        let target = try SyslogTarget("server=unix:\(path)")
        let log = try ErrorLog([.init(.syslog(target), .info)])
        let access = try LogFile(.syslog(target), bufferSize: 0, flushMs: nil)
        func write(_ word: String) {
            log.write(.error, connection: nil, word)
            access.buffer.append("\(word)\n")
            access.lineDone(nowMs: 0)
        }
        write("lost")
        for word in ["first", "second", "third"] {
            let fd = try daemon(at: path)
            write(word)
            #expect(receive(fd).hasSuffix(": \(word)"))
            #expect(receive(fd).hasSuffix(": \(word)"))
            close(fd)
            write("lost")
            unlink(path)
        }
    }

    @Test("the name of a server is asked of whoever is given")
    func names() throws {
        let known = try #require(SocketAddress.parse("192.0.2.1:515", defaultPort: 0))
        let target = try SyslogTarget("server=logs.test:515") { name, port in
            name == "logs.test" && port == 515 ? [known] : []
        }
        #expect(target.server == known)
    }

    @Test(
        "parameters that cannot be obeyed are refused",
        arguments: [
            "", "facility=local0", "server=127.0.0.1,facility=nope", "server=127.0.0.1,severity=nope",
            "server=127.0.0.1,tag=a b", "server=127.0.0.1,colour=red", "server=",
        ])
    func refuses(text: String) {
        #expect(throws: SyslogError.self) { try SyslogTarget(text) }
    }
}
