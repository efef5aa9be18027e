internal import Config
internal import Glibc
internal import Net

/// The file that says where to send signals.
struct PIDFile {
    let path: String

    private var oldBinary: PIDFile { PIDFile(path: path + ".oldbin") }

    func write() throws(ConfigError) {
        do {
            try Directory.makeParents(of: path)
        } catch {
            throw ConfigError("mkdir() for \"\(path)\" failed \(error.logText)")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ConfigError("open() \"\(path)\" failed \(Errno.current.logText)") }
        let text = "\(getpid())\n"
        let written = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
        Glibc.close(descriptor)
        guard written == text.utf8.count else { throw ConfigError("write() to \"\(path)\" failed") }
    }

    /// The number in the file, or why there is none.
    func read() throws(ConfigError) -> pid_t {
        let bytes: [UInt8]
        do {
            bytes = try FileAccess.readWhole(path, limit: 64)
        } catch {
            throw ConfigError("open() \"\(path)\" failed \(error.logText)")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let number = pid_t(text.filter { !$0.isWhitespace }), number > 0 else {
            throw ConfigError("invalid PID number \"\(text.filter { !$0.isNewline })\" in \"\(path)\"")
        }
        return number
    }

    /// The configuration names another file.
    ///
    /// - Throws: if the other one cannot be written; this one stays.
    func move(to next: PIDFile) throws(ConfigError) {
        guard next.path != path else { return }
        try next.write()
        remove()
    }

    /// Removes the file, unless it has become another master's.
    func remove() {
        if let number = try? read(), number == getpid() { unlink(path) }
    }

    /// The old binary's file, when the new one has taken over.
    func removeOld() { oldBinary.remove() }

    /// A new binary takes over: the old master's file steps aside, or comes back.
    ///
    /// - Throws: why it cannot.
    func stepAside() throws(Errno) {
        guard rename(path, oldBinary.path) == 0 else { throw Errno.current }
    }

    func comeBack() {
        if let number = try? oldBinary.read(), number == getpid() { rename(oldBinary.path, path) }
    }
}
