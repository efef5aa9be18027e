import Foundation

/// What the kernel says of a process of the front.
enum FrontProcesses {
    /// Kilobytes of memory that are resident.
    static func residentKB(_ pid: pid_t) -> Int {
        let status = text("/proc/\(pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }.first ?? 0
    }

    static func descriptorCount(_ pid: pid_t) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []).count
    }

    /// How many established connections to `port` a process holds.
    static func connections(of pid: pid_t, to port: UInt16) -> Int {
        let table = text("/proc/net/tcp")
        let ending = ":" + hex(port)
        var inodes: Set<Substring> = []
        for line in table.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ")
            if words.count > 9, words[1].hasSuffix(ending), words[3] == "01" { inodes.insert(words[9]) }
        }
        let folder = "/proc/\(pid)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.count { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
            guard let target, target.hasPrefix("socket:[") else { return false }
            return inodes.contains(target.dropFirst(8).dropLast())
        }
    }

    static func isAlive(_ pid: pid_t) -> Bool {
        let text = text("/proc/\(pid)/stat")
        let state = text.split(separator: ")").last?.split(separator: " ").first
        return state != nil && state != "Z"
    }

    /// To its end: the kernel gives a long table in pieces.
    private static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(file, &piece, piece.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    private static func hex(_ port: UInt16) -> String {
        let digits = String(port, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
