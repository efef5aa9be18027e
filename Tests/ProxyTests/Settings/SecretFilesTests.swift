import TestSupport
import Testing

@testable import Proxy

/// Files with certificates, keys and passwords.
@Suite("Files with secrets") struct SecretFilesTests {
    @Test("a pipe is read once its writer is there, and not watched; a file is", .timeLimit(.minutes(1)))
    func pipe() throws {
        let folder = try TemporaryDirectory()
        let key = try folder.write("key", to: "key")
        let pipe = folder.file("pipe")
        let writer = try Program(
            "/bin/sh", ["-c", "mkfifo \"$0.made\" && mv \"$0.made\" \"$0\" && echo secret > \"$0\"", pipe],
            in: folder)
        let files = ConfigurationFiles()
        let isRead = { (try? files.readSecret(pipe)) == Array("secret\n".utf8) }
        #expect(waitUntil(Deadline(in: 10), isRead))
        #expect(try files.readSecret(key) == Array("key".utf8))
        #expect(files.secretPaths == [key])
        #expect(writer.waitForEnd() == .exited(0))
    }
}
