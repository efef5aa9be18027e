internal import Config
internal import Core
internal import HTTP
internal import Net

/// `flv`: files of Flash video, from the place that the argument `start` names.
enum FLV {
    /// The head of a file and the size of the tag before its first one, as nginx writes them: version 1, with
    /// sound and picture.
    private static let head: [UInt8] = [0x46, 0x4C, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]

    private static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.method == .get || exchange.method == .head else { return .status(405) }
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        // Folders, and what cannot be opened, are answered as they are everywhere.
        guard FilePath.isKnown(for: exchange), exchange.uri.bytes.last != UInt8(ascii: "/") else {
            return StaticFiles.handle(exchange)
        }
        FilePath.append(for: exchange, to: path)
        guard let file = try? exchange.open(path), file.stamp.isRegular else {
            return StaticFiles.handle(exchange)
        }
        guard let start = start(exchange), start > 0, start < file.stamp.size else {
            return FileResponse.fill(exchange, from: file)
        }
        return FileResponse.fill(exchange, from: file, FileResponse.Part(lead: head, offset: start))
    }

    /// - Returns: `nil`: there is none, or it is no number.
    private static func start(_ exchange: Exchange) -> Int64? {
        let word = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(word) }
        guard exchange.appendArgument(named: Array("start".utf8), to: word) else { return nil }
        let digits = word.bytes
        guard digits.allSatisfy(\.isASCIIDigit) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    private static let module = ContentModule(hasReserve: false, handle: { FLV.handle($0) })

    static var directive: Directive<Block> {
        Directive(
            "flv", "Serves files of Flash video, from the place on that the argument `start` names.", "",
            in: .location, arity: 0...0
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .module(module)
        }.repeatable
    }
}
