internal import Config
internal import Core
internal import HTTP

/// `empty_gif`: answers with a picture of one transparent pixel.
enum EmptyGIF {
    /// GIF89a of 1 × 1 pixel, byte for byte nginx's.
    private static let picture: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0xFF,
        0xFF, 0xFF, 0x21, 0xF9, 0x04, 0x01, 0x00, 0x00, 0x01, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
        0x01, 0x00, 0x00, 0x02, 0x02, 0x4C, 0x01, 0x00, 0x3B,
    ]

    /// `Last-Modified` of the picture, as in nginx: Mon, 28 Sep 1970 06:00:00 GMT.
    private static var modified: Int64 { 23_349_600 }

    private static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.method == .get || exchange.method == .head else { return .status(405) }
        exchange.response.fill(exchange.routing.statusOverride.take() ?? 200, "image/gif") {
            $0.append(picture)
        }
        exchange.response.lastModified = modified
        return ConditionalRequest.settle(exchange, tag: exchange.worker.noBytes)
    }

    private static let module = ContentModule(hasReserve: false, handle: { EmptyGIF.handle($0) })

    static var directive: Directive<Block> {
        Directive(
            "empty_gif", "Answers with a picture of one transparent pixel.", "", in: .location, arity: 0...0
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .module(module)
        }.repeatable
    }
}
