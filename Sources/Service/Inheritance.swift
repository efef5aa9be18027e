internal import Glibc
internal import Net
internal import Proxy
internal import Sharing
internal import Upstream

/// What a binary hands to its successor besides the listening sockets: memory with counters, health and
/// the keys of session tickets.
struct Inheritance {
    /// The variable that names it: `layout:fd,fd,…`.
    static let variable = "PORTICO_SHARED"

    let shared: SharedState
    let lasting: LastingSecrets

    /// What a former binary left for this one; `nil`: there is none, or another build laid it out.
    static func received(slots: Int) -> Inheritance? {
        guard let text = getenv(variable).map({ String(cString: $0) }) else { return nil }
        unsetenv(variable)
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 2 else { return nil }
        let descriptors = parts[1].split(separator: ",").compactMap { Int32($0) }
        for fd in descriptors { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
        guard parts[0] == SharedState.layout, let secrets = descriptors.first else {
            for fd in descriptors { Socket.close(fd) }
            return nil
        }
        defer { Socket.close(secrets) }
        guard let keys = try? MemoryFile.read(secrets),
            let shared = try? SharedState(slots: slots, adopting: Array(descriptors.dropFirst()))
        else { return nil }
        return Inheritance(shared: shared, lasting: LastingSecrets(ticketKeys: keys))
    }

    /// The text for the successor's environment, and the descriptors in it: they must stay open over its
    /// exec.
    ///
    /// - Returns: also the descriptor that is to be closed afterwards.
    func handOver() throws(Errno) -> (text: String, descriptors: [Int32], secrets: Int32) {
        let secrets = try MemoryFile.make(lasting.ticketKeys)
        let descriptors = [secrets] + shared.descriptors
        let text = "\(SharedState.layout):" + descriptors.map(String.init).joined(separator: ",")
        return (text, descriptors, secrets)
    }
}
