internal import Glibc
internal import Net
internal import Proxy
internal import Sharing
internal import Upstream

/// What a binary hands to its successor besides the listening sockets: memory with counters, health and
/// the keys of session tickets.
struct Inheritance {
    /// The variable that names it: `layout:fd,fd,…`, and after another colon the descriptors of zones.
    static let variable = "PORTICO_SHARED"

    let shared: SharedState
    let lasting: LastingSecrets

    /// What a former binary left for this one; `nil`: there is none, or another build laid it out.
    static func received(slots: Int) -> Inheritance? {
        guard let text = getenv(variable).map({ String(cString: $0) }) else { return nil }
        unsetenv(variable)
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        let (descriptors, tables) = (numbers(parts[1]), parts.count > 2 ? numbers(parts[2]) : [])
        for fd in descriptors + tables { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
        guard parts[0] == SharedState.layout, let secrets = descriptors.first else {
            for fd in descriptors + tables { Socket.close(fd) }
            return nil
        }
        defer { Socket.close(secrets) }
        guard let keys = try? MemoryFile.read(secrets),
            let shared = try? SharedState(slots: slots, adopting: Array(descriptors.dropFirst()))
        else {
            for fd in tables { Socket.close(fd) }
            return nil
        }
        return Inheritance(shared: shared, lasting: LastingSecrets(ticketKeys: keys, tables: tables))
    }

    private static func numbers(_ text: String) -> [Int32] {
        text.split(separator: ",").compactMap { Int32($0) }
    }

    /// The text for the successor's environment, and the descriptors in it: they must stay open over its
    /// exec.
    ///
    /// - Returns: also the descriptor that is to be closed afterwards.
    func handOver() throws(Errno) -> (text: String, descriptors: [Int32], secrets: Int32) {
        let secrets = try MemoryFile.make(lasting.ticketKeys)
        let (descriptors, tables) = ([secrets] + shared.descriptors, lasting.tableDescriptors)
        let lists = [descriptors, tables].map { $0.map(String.init).joined(separator: ",") }
        let text = "\(SharedState.layout):\(lists[0])" + (tables.isEmpty ? "" : ":\(lists[1])")
        return (text, descriptors + tables, secrets)
    }
}
