import Foundation
import Glibc
import Net
import TestSupport
import Testing

@testable import Proxy

@Suite("auth_basic_user_file")
struct PasswordFileTests {
    @Test("a file that changed is read again, one that did not is not")
    func changedFileIsReadAgain() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("users")
        try Data("a:{PLAIN}x\n".utf8).write(to: URL(fileURLWithPath: path))
        let files = PasswordFiles()
        let first = try files.file(at: path) { _ in }
        #expect(try files.file(at: path) { _ in } === first)
        #expect(
            first.check(user: Array("a".utf8), password: Array("x".utf8), nowMs: 0) == .verdict(.accepted))
        #expect(
            first.check(user: Array("a".utf8), password: Array("y".utf8), nowMs: 0)
                == .verdict(.wrongPassword))
        #expect(
            first.check(user: Array("b".utf8), password: Array("x".utf8), nowMs: 0) == .verdict(.unknownUser))
        try Data("b:{PLAIN}xy\n".utf8).write(to: URL(fileURLWithPath: path))
        let second = try files.file(at: path) { _ in }
        #expect(second !== first)
        #expect(
            second.check(user: Array("b".utf8), password: Array("xy".utf8), nowMs: 0) == .verdict(.accepted))
    }

    @Test("a pipe in the place of a file is not waited for", .timeLimit(.minutes(1)))
    func pipe() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("users")
        try #require(mkfifo(path, 0o600) == 0)
        #expect(throws: FileError.self) { _ = try PasswordFiles().file(at: path) { _ in } }
    }

    @Test("passwords in plain or without a salt are warned of, once each time that the file is read")
    func weakPasswords() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("users")
        try Data("a:{PLAIN}x\nb:$6$s$x\nc:{SHA}AAAA\n".utf8).write(to: URL(fileURLWithPath: path))
        let files = PasswordFiles()
        var warnings: [String] = []
        for _ in 0..<2 { _ = try files.file(at: path) { warnings.append($0) } }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("user \"a\" and 1 more") == true)
    }

    @Test("a costly hash is left to others; what they found out is believed for a while")
    func costlyHash() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("users")
        try Data("a:$2y$12$x\n".utf8).write(to: URL(fileURLWithPath: path))
        let file = try PasswordFiles().file(at: path) { _ in }
        func check(_ password: String, nowMs: Int64) -> PasswordFile.Answer {
            file.check(user: Array("a".utf8), password: Array(password.utf8), nowMs: nowMs)
        }
        guard case .costly(let right) = check("x", nowMs: 0), case .costly(let wrong) = check("y", nowMs: 0)
        else {
            Issue.record("bcrypt is costly")
            return
        }
        #expect(right != wrong)
        #expect(check("x", nowMs: 0) == .costly(right))
        #expect(file.settle(wrong, isRight: false, nowMs: 0) == .wrongPassword)
        #expect(file.settle(right, isRight: true, nowMs: 0) == .accepted)
        #expect(check("x", nowMs: 4999) == .verdict(.accepted))
        #expect(check("x", nowMs: 5000) == .costly(right))
        #expect(check("y", nowMs: 0) == .costly(wrong))
    }

    @Test("a file that is not there is said to be missing")
    func missingFile() {
        #expect(throws: FileError("open()", "/nonexistent/users", .notFound)) {
            _ = try PasswordFiles().file(at: "/nonexistent/users") { _ in }
        }
    }

    @Test("credentials are believed for five seconds, and only those")
    func credentialsAreRememberedBriefly() {
        var remembered = RememberedCredentials()
        let digest = [UInt8](repeating: 3, count: 32)
        #expect(!remembered.contains(digest, nowMs: 0))
        remembered.insert(digest, nowMs: 1000)
        #expect(remembered.contains(digest, nowMs: 5999))
        #expect(!remembered.contains(digest, nowMs: 6000))
        #expect(!remembered.contains([3] + [UInt8](repeating: 4, count: 31), nowMs: 1001))
    }
}
