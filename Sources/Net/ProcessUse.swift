internal import CLinux
internal import Glibc

/// What a process uses of the machine, as proc(5) tells it.
public struct ProcessUse: Sendable, Equatable {
    /// Time on processors since it began, in milliseconds.
    public var cpuMs = 0
    /// Memory that is in the machine's, in bytes.
    public var residentBytes = 0
    /// Open descriptors; 0: nobody may know.
    public var descriptors = 0

    /// None.
    public init() {}

    /// - Returns: `nil`: there is no such process.
    public init?(of pid: Int32) {
        guard let bytes = try? FileAccess.readWhole("/proc/\(pid)/stat", limit: 4096),
            // Its name, in brackets, may have brackets and spaces of its own.
            let name = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " ")).map {
            Int(String(decoding: $0, as: UTF8.self)) ?? 0
        }
        // The state comes first, which is the third field of the manual.
        guard fields.count > 21 else { return nil }
        let ticks = max(1, sysconf(Int32(_SC_CLK_TCK)))
        cpuMs = max(0, fields[11] &+ fields[12]) &* 1000 / ticks
        residentBytes = max(0, fields[21]) &* max(1, sysconf(Int32(_SC_PAGESIZE)))
        descriptors = ProcessUse.countDescriptors(of: pid)
    }

    private static func countDescriptors(of pid: Int32) -> Int {
        let path = "/proc/\(pid)/fd"
        var status = stat()
        // Linux 6.2 and younger says it at once.
        if stat(path, &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let folder = opendir(path) else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Two of them are the folder and its parent.
        return max(0, count - 2)
    }
}
