internal import Core
internal import HTTP
internal import Net

/// Content of a response that waits for a slow client (`proxy_buffering on`): in memory up to
/// `proxy_buffers`, then in a temporary file up to `proxy_max_temp_file_size`.
final class ResponseSpool {
    private let memory: ByteBuffer
    private var memoryMax: Int
    private var fileMax: Int64
    private let path: String
    private let left: LeftFiles?
    private var file: TemporaryFile?
    /// Bytes of the file that were taken.
    private var fileTaken: Int64 = 0

    /// - Parameters:
    ///   - left: takes the file over in the end.
    ///   - usesMemory: it is filled first; otherwise the file takes all from the beginning.
    init(_ proxy: ProxySettings, left: LeftFiles?, usesMemory: Bool = true) {
        self.left = left
        memory = ByteBuffer(capacity: usesMemory ? 16 << 10 : 0)
        memoryMax = usesMemory ? proxy.bufferCount * proxy.bodyBufferSize : 0
        fileMax = proxy.maxTempFileSize
        path = proxy.tempPath
    }

    /// Memory that it takes, in bytes.
    var memorySize: Int { memory.capacity }

    /// What comes from now on goes to the file, with what memory holds: others need that.
    func spareMemory() { memoryMax = 0 }

    private var fileHeld: Int64 { (file?.size ?? 0) - fileTaken }

    /// What is kept takes no memory.
    var isFileAlone: Bool { memoryMax == 0 && fileMax > 0 }

    /// What comes now goes to the file.
    var isInFile: Bool { file != nil }

    var isEmpty: Bool { memory.isEmpty && fileHeld == 0 }

    /// Whether more may be read from the peer.
    var mayGrow: Bool { memory.count < memoryMax || (file?.size ?? 0) < fileMax }

    /// Keeps bytes behind those that are there: once a file is in use, until it is drained.
    ///
    /// - Returns: why the file could not be written. What it was to hold stays in memory; the file does not
    ///   grow any more, so the peer waits for the client.
    func append(_ slice: Slice, of buffer: ByteBuffer) -> Errno? {
        let mayGrow = (file?.size ?? 0) < fileMax
        let isDirect = isFileAlone && mayGrow && memory.isEmpty
        if !isDirect { memory.append(slice, of: buffer) }
        guard mayGrow, isDirect || memory.count > memoryMax else { return nil }
        do throws(Errno) {
            // The file continues what is in front of it: memory is written behind the file's bytes.
            if isDirect {
                try existingFile().append(slice, of: buffer)
            } else {
                try existingFile().append(memory)
                memory.removeAll()
                if memoryMax == 0 { memory.shrink(toCapacity: 0) }
            }
            return nil
        } catch {
            if isDirect { memory.append(slice, of: buffer) }
            fileMax = 0
            return error
        }
    }

    private func existingFile() throws(Errno) -> TemporaryFile {
        if let file { return file }
        let made = try TemporaryFile(directory: path, left: left)
        file = made
        return made
    }

    /// Moves the oldest bytes, at most `most`, to `buffer`.
    ///
    /// - Returns: `false` if the file could not be read, or has lost its end.
    func take(into buffer: ByteBuffer, atMost most: Int) -> Bool {
        if let file, fileHeld > 0 {
            let count = Int(min(fileHeld, Int64(most)))
            guard case .bytes(let read) = file.read(into: buffer, at: fileTaken, count: count), read > 0
            else { return false }
            fileTaken += Int64(read)
            if fileHeld == 0 {
                self.file = nil
                fileTaken = 0
            }
            return true
        }
        let count = min(memory.count, most)
        buffer.append(Slice(from: 0, to: count), of: memory)
        memory.consume(count)
        return true
    }
}
