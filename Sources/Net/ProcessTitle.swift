internal import CLinux
internal import Glibc
internal import Synchronization

/// What `ps` shows of this process: written over the words that it was started with, as nginx does.
public enum ProcessTitle {
    /// Where the words and the environment stand, one behind the other; 0: they were not found.
    private static let start = Atomic<UInt>(0)
    private static let byteCount = Atomic<Int>(0)

    /// Finds the room, and moves the environment out of it. Once, when the program begins.
    public static func prepare() {
        guard let room = ProcessTitle.room(), room.count > 1 else { return }
        guard let variables = portico_environment() else { return }
        var index = 0
        while let variable = variables[index] {
            if room.contains(UInt(bitPattern: variable)), let copy = strdup(variable) {
                variables[index] = copy
            }
            index += 1
        }
        start.store(room.lowerBound, ordering: .relaxed)
        byteCount.store(room.count, ordering: .relaxed)
    }

    /// The addresses of the words and of the environment: numbers 48 to 51 of proc(5)'s `stat`.
    private static func room() -> Range<UInt>? {
        guard let bytes = try? FileAccess.readWhole("/proc/self/stat", limit: 4096),
            let name = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // The third number is the first behind the name.
        let numbers = bytes[(name + 1)...].split(separator: UInt8(ascii: " ")).map {
            UInt(String(decoding: $0.filter { $0 > UInt8(ascii: " ") }, as: UTF8.self)) ?? 0
        }
        guard numbers.count > 48, numbers[45] > 0, numbers[45] < numbers[46] else { return nil }
        let isWhole = numbers[47] == numbers[46] && numbers[48] > numbers[47]
        return numbers[45]..<(isWhole ? numbers[48] : numbers[46])
    }

    /// Shows `portico: ` and what this process is. What does not fit is cut off.
    public static func set(_ role: String) {
        let room = byteCount.load(ordering: .relaxed)
        guard room > 1, let base = UnsafeMutableRawPointer(bitPattern: start.load(ordering: .relaxed)) else {
            return
        }
        let bytes = Array("portico: \(role)".utf8.prefix(room - 1))
        let target = UnsafeMutableRawBufferPointer(start: base, count: room)
        target.copyBytes(from: bytes)
        for index in bytes.count..<room { target[index] = 0 }
    }
}
