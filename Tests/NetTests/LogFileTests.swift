import Core
import Foundation
import Net
import TestSupport
import Testing

@Suite("Log file") struct LogFileTests {
    @Test("without a buffer, lines are written once a turn")
    func onceATurn() throws {
        let folder = try TemporaryDirectory()
        let log = try LogFile(path: folder.file("deep/er/access.log"))
        log.buffer.append("one\n")
        log.lineDone(nowMs: 0)
        log.buffer.append("two\n")
        log.lineDone(nowMs: 0)
        #expect(folder.read("deep/er/access.log") == "")
        #expect(log.flush(nowMs: 1, force: false) == nil)
        #expect(folder.read("deep/er/access.log") == "one\ntwo\n")
        #expect(log.buffer.isEmpty)
    }

    @Test("with a buffer, lines wait until it is full")
    func bySize() throws {
        let folder = try TemporaryDirectory()
        let log = try LogFile(path: folder.file("a"), bufferSize: 10)
        log.buffer.append("12345\n")
        log.lineDone(nowMs: 0)
        log.flush(nowMs: 1_000_000, force: false)
        #expect(folder.read("a") == "")
        #expect(log.deadlineMs == nil)
        log.buffer.append("12345\n")
        log.lineDone(nowMs: 0)
        log.flush(nowMs: 1_000_000, force: false)
        #expect(folder.read("a") == "12345\n12345\n")
    }

    @Test("with flush=, no line waits longer; the deadline is the first line's")
    func byTime() throws {
        let folder = try TemporaryDirectory()
        let log = try LogFile(path: folder.file("a"), bufferSize: 1000, flushMs: 100)
        log.buffer.append("x\n")
        log.lineDone(nowMs: 50)
        log.buffer.append("y\n")
        log.lineDone(nowMs: 120)
        #expect(log.deadlineMs == 150)
        log.flush(nowMs: 149, force: false)
        #expect(folder.read("a") == "")
        log.flush(nowMs: 150, force: false)
        #expect(folder.read("a") == "x\ny\n")
        #expect(log.deadlineMs == nil)
    }

    @Test("forced, everything is written; so it is when the log goes")
    func forced() throws {
        let folder = try TemporaryDirectory()
        do {
            let log = try LogFile(path: folder.file("a"), bufferSize: 1000)
            log.buffer.append("x\n")
            log.lineDone(nowMs: 0)
            log.flush(nowMs: 0, force: true)
            #expect(folder.read("a") == "x\n")
            log.buffer.append("y\n")
            log.lineDone(nowMs: 0)
        }
        #expect(folder.read("a") == "x\ny\n")
    }

    @Test("after a rename, reopening begins a new file; what was gathered belongs to the old one")
    func reopens() throws {
        let folder = try TemporaryDirectory()
        let log = try LogFile(path: folder.file("a"), bufferSize: 1000)
        log.buffer.append("old\n")
        log.lineDone(nowMs: 0)
        try FileManager.default.moveItem(atPath: folder.file("a"), toPath: folder.file("a.1"))
        try log.reopen()
        log.buffer.append("new\n")
        log.lineDone(nowMs: 0)
        log.flush(nowMs: 0, force: true)
        #expect(folder.read("a.1") == "old\n")
        #expect(folder.read("a") == "new\n")
    }

    @Test("a disk that is full is told of and costs the lines, nothing else")
    func fullDisk() throws {
        let log = try LogFile(path: "/dev/full")
        log.buffer.append("x\n")
        log.lineDone(nowMs: 0)
        #expect(log.flush(nowMs: 0, force: false) == .diskFull)
        #expect(log.buffer.isEmpty)
        #expect(log.flush(nowMs: 0, force: true) == nil)
    }
}
