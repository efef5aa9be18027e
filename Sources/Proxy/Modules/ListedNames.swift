internal import Core
internal import Net

/// The names of a folder on their way to a listing: put in as the system tells them, taken out folders first,
/// then by their bytes.
///
/// A heap: each step costs the logarithm of their number, so that a folder of any size is sorted in slices.
struct ListedNames {
    /// One name, and what it stands for.
    struct Entry {
        let name: Slice
        /// Seconds since the epoch.
        let modified: Int64
        /// Bytes.
        let size: Int64
        let kind: Kind
    }

    enum Kind {
        case directory, file, other
    }

    /// Most names that one listing has, and most bytes of them: about 25 MiB.
    static var countMax: Int { 250_000 }
    private static var bytesMax: Int { 16 << 20 }

    /// The bytes of all names.
    let bytes = ByteBuffer(capacity: 1024)
    private var entries: [Entry] = []

    /// - Returns: whether there was room for it.
    mutating func insert(_ name: ByteBuffer, _ stamp: FileStamp) -> Bool {
        guard entries.count < Self.countMax, bytes.count + name.count <= Self.bytesMax else { return false }
        let start = bytes.count
        bytes.append(contentsOf: name)
        entries.append(
            Entry(
                name: Slice(from: start, to: bytes.count), modified: stamp.modified, size: stamp.size,
                kind: stamp.isDirectory ? .directory : stamp.isRegular ? .file : .other))
        rise(from: entries.count - 1)
        return true
    }

    /// Takes out the first one.
    mutating func removeFirst() -> Entry? {
        guard let last = entries.popLast() else { return nil }
        guard let first = entries.first else { return last }
        entries[0] = last
        sink()
        return first
    }

    private mutating func rise(from index: Int) {
        var child = index
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(entries[child], entries[parent]) else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var first = parent
            for child in [parent * 2 + 1, parent * 2 + 2]
            where child < entries.count && isBefore(entries[child], entries[first]) { first = child }
            guard first != parent else { return }
            entries.swapAt(first, parent)
            parent = first
        }
    }

    private func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        let isFolder = left.kind == .directory
        if isFolder != (right.kind == .directory) { return isFolder }
        return bytes.withBytes(of: left.name) { leftName in
            bytes.withBytes(of: right.name) { rightName in
                for index in 0..<min(leftName.count, rightName.count)
                where leftName[index] != rightName[index] { return leftName[index] < rightName[index] }
                return leftName.count < rightName.count
            }
        }
    }
}
