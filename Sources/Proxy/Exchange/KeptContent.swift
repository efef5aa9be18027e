internal import Core
internal import Net

/// Where content may be read to, and how much of it.
struct ContentPlace {
    let buffer: ByteBuffer
    /// Bytes, at least one.
    let limit: Int
}

/// `client_body_in_file_only`
enum BodyFileUse {
    /// Content that memory does not hold is in a file, which nobody else finds.
    case whenLarge
    /// All content is in a file, which stays.
    case always
    /// All content is in a file, which is removed with the request.
    case cleanedUp

    var naming: TemporaryFile.Naming {
        switch self {
        case .whenLarge: .none
        case .always: .kept
        case .cleanedUp: .removed
        }
    }
}

/// How content is kept whole.
struct KeepingPlan {
    /// Bytes that stay in memory, or wait there for more that goes to the file with them; 0: none does.
    var memoryMax: Int
    let folder: TemporaryFolder
    var fileUse = BodyFileUse.whenLarge
}

/// Content of a request that is kept whole: in memory up to a size (`client_body_buffer_size`), then in a
/// temporary file.
struct KeptContent {
    /// Most content that stays in memory of its own, in bytes.
    private static var smallMax: Int { 16 << 10 }
    /// Content in chunks is taken for large from here on, in bytes.
    private static var largeMin: Int { 64 << 10 }
    /// Most memory, in bytes, that is made ready at once for content that has not come.
    private static var readyMax: Int { 8 << 20 }

    private let pool: ContentBuffers
    private let small = ByteBuffer(capacity: 0)
    /// Borrowed for content that is not small.
    private var large: ByteBuffer?
    private(set) var file: TemporaryFile?

    init(pool: ContentBuffers) { self.pool = pool }

    /// All of the content; with `file`, the part that is not yet in it.
    var memory: ByteBuffer { large ?? small }

    /// Gives memory and file back.
    mutating func reset() {
        releaseMemory(leaving: KeptContent.smallMax)
        file = nil
    }

    private mutating func releaseMemory(leaving limit: Int) {
        small.removeAll()
        small.shrink(toCapacity: limit)
        if let buffer = large.take() { pool.give(buffer) }
    }

    /// Takes over what was received before it was known that it is to be kept.
    mutating func add(_ content: ByteBuffer) {
        makeRoom(content.count)
        memory.append(contentsOf: content)
    }

    /// Copies what is in memory; the file is the same.
    mutating func copy(_ other: KeptContent) {
        file = other.file
        makeRoom(other.memory.count)
        memory.append(contentsOf: other.memory)
    }

    /// Where the last `limit` bytes of the content can be read to, if memory may hold them.
    mutating func place(_ limit: Int, _ plan: KeepingPlan) -> ContentPlace? {
        guard file == nil, limit <= plan.memoryMax - memory.count else { return nil }
        // In one step, unless it is very large.
        if memory.writableCount < min(limit, KeptContent.largeMin) {
            makeRoom(min(limit, KeptContent.readyMax))
        }
        return ContentPlace(buffer: memory, limit: min(limit, memory.writableCount))
    }

    /// Keeps bytes: in memory as long as they fit; what fills that by itself goes to the file from where it
    /// stands.
    mutating func append(_ slice: Slice, of input: ByteBuffer, _ plan: KeepingPlan) throws(Errno) {
        let count = Int(slice.count)
        let memoryMax = plan.memoryMax
        if count > memoryMax - memory.count {
            let target = try existingFile(plan)
            try spill()
            if memoryMax == 0 { releaseMemory(leaving: 0) }
            if count > memoryMax { return try target.append(slice, of: input) }
        }
        if memory.writableCount < count {
            // Where chunks end is not known: beyond a few steps, memory grows in one.
            let isLarge = memory.count + count > KeptContent.largeMin
            makeRoom(isLarge ? min(memoryMax - memory.count, KeptContent.readyMax) : count)
        }
        memory.append(slice, of: input)
    }

    /// No more content comes: what is not yet in the file, if there is to be one, goes there.
    mutating func complete(_ plan: KeepingPlan) throws(Errno) {
        if file == nil, plan.fileUse == .whenLarge { return }
        _ = try existingFile(plan)
        try spill()
    }

    private mutating func existingFile(_ plan: KeepingPlan) throws(Errno) -> TemporaryFile {
        if let file { return file }
        let made = try TemporaryFile(in: plan.folder, plan.fileUse.naming, left: pool.leftFiles)
        file = made
        return made
    }

    private func spill() throws(Errno) {
        guard let file, !memory.isEmpty else { return }
        try file.append(Slice(from: 0, to: memory.count), of: memory)
        memory.removeAll()
    }

    /// Makes room in memory for so many bytes more.
    private mutating func makeRoom(_ count: Int) {
        let buffer = memory
        guard buffer.writableCount < count else { return }
        guard large == nil, buffer.count + count > KeptContent.smallMax else { return buffer.reserve(count) }
        let larger = pool.take(capacity: buffer.count + count)
        larger.append(contentsOf: buffer)
        buffer.removeAll()
        large = larger
    }
}
