internal import CLinux
internal import Glibc

/// Shared memory that one process has for itself from some moment on.
extension SharedMemory {
    /// How the kernel names its mappings.
    private static var mappedName: String { "/memfd:portico (deleted)" }

    /// A file, as the kernel tells it from all others.
    private struct FileIdentity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// A place in this process's address space, and the file behind it.
    private struct Mapping {
        let start: UInt
        let byteCount: Int
        let offset: Int
        let file: FileIdentity

        /// Of a line of proc_pid_maps(5), if it is of memory that others see as well.
        init?(_ line: Substring) {
            let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard words.count == 6, words[1] == "rw-s",
                words[5].drop(while: { $0 == " " }) == SharedMemory.mappedName,
                let offset = Int(words[2], radix: 16), let inode = UInt64(words[4])
            else { return nil }
            let device = words[3].split(separator: ":").compactMap { UInt64($0, radix: 16) }
            guard device.count == 2 else { return nil }
            // As makedev(3) puts them together.
            let major = (device[0] & 0xFFFF_F000) << 32 | (device[0] & 0xFFF) << 8
            let minor = (device[1] & 0xFFFF_FF00) << 12 | device[1] & 0xFF
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[1] > ends[0], let byteCount = Int(exactly: ends[1] - ends[0])
            else { return nil }
            start = ends[0]
            self.byteCount = byteCount
            self.offset = offset
            file = FileIdentity(device: major | minor, inode: inode)
        }
    }

    /// From here on nobody sees what this process writes to any such memory, and it need not see what
    /// others write. For a child that plays a part of its parent and ends.
    ///
    /// All of it is found in the address space, so that none is forgotten.
    ///
    /// - Returns: false: it could not be done for all of it, and the process must not go on.
    static func keepToOneself() -> Bool {
        guard let found = mappings(), let descriptors = descriptors(of: Set(found.map(\.file))) else {
            return false
        }
        let flags = Int32(MAP_PRIVATE) | Int32(MAP_FIXED) | Int32(MAP_NORESERVE)
        for mapping in found {
            guard let descriptor = descriptors[mapping.file],
                let place = UnsafeMutableRawPointer(bitPattern: mapping.start),
                mmap(
                    place, mapping.byteCount, PROT_READ | PROT_WRITE, flags, descriptor,
                    off_t(mapping.offset)) == place
            else { return false }
        }
        return mappings()?.isEmpty == true
    }

    private static func mappings() -> [Mapping]? {
        guard let bytes = try? FileAccess.readWhole("/proc/self/maps") else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Mapping($0) }
    }

    /// A descriptor for each of these files.
    private static func descriptors(of files: Set<FileIdentity>) -> [FileIdentity: Int32]? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var found: [FileIdentity: Int32] = [:]
        while found.count < files.count, let entry = readdir(folder) {
            let number = withUnsafeBytes(of: entry.pointee.d_name) { name in
                Int32(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
            }
            var status = stat()
            guard let number, fstat(number, &status) == 0 else { continue }
            let file = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            if files.contains(file) { found[file] = number }
        }
        return found
    }
}
