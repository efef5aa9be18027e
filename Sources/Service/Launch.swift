internal import Glibc
internal import Net

/// How a master came to be.
struct Launch {
    /// The words of the command line, the program's own name first.
    let arguments: [String]
    /// It has left its terminal.
    let isDaemon: Bool
    /// The master that started this one to be succeeded by it; `nil`: somebody else did.
    let predecessor: pid_t?

    /// The variable in which a master tells the one that it starts who it is.
    static let predecessorVariable = "PORTICO_MASTER"

    init(arguments: [String], isDaemon: Bool) {
        self.arguments = arguments
        self.isDaemon = isDaemon
        predecessor = getenv(Launch.predecessorVariable).flatMap { pid_t(String(cString: $0)) }
        unsetenv(Launch.predecessorVariable)
    }

    /// Both masters live.
    var isPredecessorAlive: Bool { predecessor == ProcessID.parent }

    /// What `ps` shows of it, as of nginx.
    var title: String { "master process " + arguments.joined(separator: " ") }
}
