package import Foundation
import Synchronization

/// A process a test started; it is always reaped, at the latest when the test lets go of it.
package final class Program: Sendable {
    package let pid: pid_t
    /// The file that holds what it wrote to standard error, and to standard output.
    package let errorFile: String
    package let outputFile: String
    private let ending = Mutex<Ending?>(nil)

    /// How a process ended.
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// What its descriptors 0, 1 and 2 are.
    package enum Standard: Sendable {
        /// Nothing to read, and two files.
        case files
        /// A terminal of its own, by the path of its file.
        case terminal(String)
        /// The same, but what it says of errors goes into this descriptor.
        case errors(Int32)
        case closed
    }

    /// Starts the program at `path`; standard input is empty.
    ///
    /// - Parameter descriptors: open ones that it gets as 3, 4 and so on.
    package init(
        _ path: String, _ arguments: [String], in directory: TemporaryDirectory, name: String = "program",
        descriptors: [Int32] = [], standard: Standard = .files
    ) throws {
        errorFile = directory.path + "/\(name).stderr"
        outputFile = directory.path + "/\(name).stdout"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        Program.open(standard, outputFile, errorFile, &actions)
        // Copies out of the way of the places they are to have.
        let copies = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 3 + Int32(descriptors.count)) }
        defer { for copy in copies { close(copy) } }
        for (index, copy) in copies.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, copy, 3 + Int32(index))
        }
        try Program.closeOthers(&actions, from: 3 + Int32(descriptors.count))
        // The test process may have signals blocked or ignored; the program starts with none.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var flags = Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        // POSIX_SPAWN_SETSID, which Glibc's module hides: who opens a terminal then owns it.
        if case .terminal = standard { flags |= 0x80 }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        var started: pid_t = 0
        let result = Program.withCStrings([path] + arguments) { argumentList in
            Program.withCStrings(environment) { environmentList in
                posix_spawnp(&started, path, &actions, &attributes, argumentList, environmentList)
            }
        }
        guard result == 0 else {
            throw HarnessError("cannot start \(path): \(String(cString: strerror(result)))")
        }
        pid = started
    }

    private static func open(
        _ standard: Standard, _ output: String, _ errors: String, _ actions: inout posix_spawn_file_actions_t
    ) {
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        switch standard {
        case .files, .errors:
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o644)
        case .terminal(let path):
            for descriptor in 0..<Int32(3) {
                posix_spawn_file_actions_addopen(&actions, descriptor, path, O_RDWR, 0)
            }
        case .closed:
            for descriptor in 0..<Int32(3) { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
        switch standard {
        case .files: posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o644)
        case .errors(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, 2)
        case .terminal, .closed: break
        }
    }

    deinit {
        stop(within: 1)
    }

    /// Runs a program to its end.
    package static func run(
        _ path: String, _ arguments: [String], in directory: TemporaryDirectory, name: String = "run",
        within seconds: Double = 10
    ) throws -> (ending: Ending, output: String, errors: String) {
        let program = try Program(path, arguments, in: directory, name: name)
        guard let ending = program.waitForEnd(within: seconds) else {
            program.stop(within: 0.5)
            throw HarnessError("\(path) \(arguments) did not end in \(seconds) s")
        }
        return (ending, program.output, program.errors)
    }

    package var output: String { Program.text(of: outputFile) }
    package var errors: String { Program.text(of: errorFile) }

    /// Nil while it runs.
    package var endingNow: Ending? {
        ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            let signal = status & 0x7f
            ending = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
            return ending
        }
    }

    /// Never reaches another process: nothing is sent once this one was reaped.
    package func send(_ signal: Int32) {
        if endingNow == nil { kill(pid, signal) }
    }

    package func waitForEnd(within seconds: Double = 5) -> Ending? {
        _ = waitUntil(Deadline(in: seconds)) { endingNow != nil }
        return endingNow
    }

    /// TERM, and KILL when that does not help in time.
    @discardableResult
    package func stop(within seconds: Double = 5) -> Ending? {
        send(SIGTERM)
        if let ending = waitForEnd(within: seconds) { return ending }
        killChildren()
        send(SIGKILL)
        return waitForEnd(within: 2)
    }

    /// Process ids of its direct children, ascending.
    package var children: [pid_t] {
        let list = Program.text(of: "/proc/\(pid)/task/\(pid)/children")
        return list.split(separator: " ").compactMap { pid_t($0) }.sorted()
    }

    private func killChildren() {
        for child in children { kill(child, SIGKILL) }
    }

    /// A descriptor accepted on another thread may not be close-on-exec yet; the program gets none of them.
    /// Looked up by name because Glibc's module shows only POSIX's file actions.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t, from first: Int32) throws {
        typealias AddCloseFrom =
            @convention(c) (
                UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32
            ) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
            throw HarnessError("this C library is older than glibc 2.34")
        }
        _ = unsafeBitCast(symbol, to: AddCloseFrom.self)(&actions, first)
    }

    private static func text(of file: String) -> String {
        guard let data = FileManager.default.contents(atPath: file) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}
