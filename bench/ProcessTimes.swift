import Glibc

/// What the kernel says of a process.
struct ProcessTimes {
    /// Microseconds of CPU in user and kernel.
    var userUs = 0
    var systemUs = 0

    /// The kernel counts in these steps.
    private static var tickUs: Int { 1_000_000 / max(1, sysconf(Int32(_SC_CLK_TCK))) }

    /// - Returns: `nil`: there is no such process.
    init?(pid: Int32) {
        guard let text = ProcessTimes.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else { return nil }
        userUs = user * ProcessTimes.tickUs
        systemUs = system * ProcessTimes.tickUs
    }

    /// Of several together.
    ///
    /// - Returns: `nil`: one of them is not there.
    init?(pids: [Int32]) {
        for pid in pids {
            guard let times = ProcessTimes(pid: pid) else { return nil }
            userUs += times.userUs
            systemUs += times.systemUs
        }
    }

    /// Of several together; memory that they share counts for each.
    static func memoryKiB(pids: [Int32]) -> Int { pids.reduce(0) { $0 + (memoryKiB(pid: $1) ?? 0) } }

    /// Resident memory in KiB that is not shared with files: anonymous and shared memory.
    static func memoryKiB(pid: Int32) -> Int? {
        guard let text = read("/proc/\(pid)/status") else { return nil }
        var sum = 0
        for line in text.split(separator: "\n") where line.hasPrefix("RssAnon") || line.hasPrefix("RssShmem")
        {
            sum += line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        }
        return sum
    }

    /// The children of a process.
    static func children(of pid: Int32) -> [Int32] {
        (read("/proc/\(pid)/task/\(pid)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    static func name(of pid: Int32) -> String {
        (read("/proc/\(pid)/comm") ?? "").split(separator: "\n").first.map(String.init) ?? ""
    }

    static func read(_ path: String) -> String? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(fd, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
