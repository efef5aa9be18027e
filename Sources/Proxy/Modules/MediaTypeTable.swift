internal import Core

/// `types`: which `Content-Type` belongs to the extension of a file's name.
struct MediaTypeTable: Sendable {
    private var table = CaselessTable()
    private var types: [[UInt8]] = []

    /// What applies where no `types` block stands.
    init() {
        add(extension: Array("html".utf8), type: Array("text/html".utf8))
        add(extension: Array("gif".utf8), type: Array("image/gif".utf8))
        add(extension: Array("jpg".utf8), type: Array("image/jpeg".utf8))
    }

    private init(types: [[UInt8]]) {
        self.types = types
    }

    /// A table without entries: what a `types` block starts with.
    static var empty: MediaTypeTable { MediaTypeTable(types: []) }

    var count: Int { table.count }

    /// Says that names ending in `extension` are of `type`; the last word counts.
    ///
    /// - Returns: whether the extension had no type before.
    @discardableResult
    mutating func add(extension fileExtension: [UInt8], type: [UInt8]) -> Bool {
        types.append(type)
        return table.insert(fileExtension, types.count - 1)
    }

    /// Appends the type of `fileExtension` to `out`.
    ///
    /// - Returns: false, and nothing is appended, if it has none.
    func append(typeOf fileExtension: Span<UInt8>, to out: ByteBuffer) -> Bool {
        guard let index = table[fileExtension] else { return false }
        out.append(types[index])
        return true
    }

    /// The extension of the last segment of `path`: what follows its last dot, unless that dot begins
    /// the segment.
    static func extensionRange(of path: Span<UInt8>) -> Range<Int>? {
        var index = path.count - 1
        while index > 1 {
            if path[index] == UInt8(ascii: "/") { return nil }
            if path[index] == UInt8(ascii: ".") && path[index - 1] != UInt8(ascii: "/") {
                return index + 1 < path.count ? (index + 1)..<path.count : nil
            }
            index -= 1
        }
        return nil
    }
}
