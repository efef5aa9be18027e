/// How often each system call was made, as `strace -c` writes it.
struct SystemCallCount {
    enum Kind: String, CaseIterable { case receives, sends, waits, others }

    private(set) var calls: [String: Int] = [:]

    init(summary: String) {
        for line in summary.split(separator: "\n") {
            // % time, seconds, microseconds a call, calls, errors (if there are any), name
            let words = line.split(separator: " ")
            guard words.count == 5 || words.count == 6, let count = Int(words[3]), let name = words.last,
                name != "total"
            else { continue }
            calls[String(name), default: 0] += count
        }
    }

    func count(_ kind: Kind) -> Int {
        calls.reduce(0) { $0 + (SystemCallCount.kind($1.key) == kind ? $1.value : 0) }
    }

    static func kind(_ name: String) -> Kind {
        switch name {
        case "recvfrom", "recvmsg", "read", "readv": .receives
        case "sendto", "sendmsg", "write", "writev", "sendfile", "splice": .sends
        case "epoll_wait", "epoll_pwait", "epoll_pwait2": .waits
        default: .others
        }
    }
}
