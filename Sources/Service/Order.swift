/// The words that a master and its workers exchange.
enum Order {
    /// Descriptors that belong to the next `load`.
    static var descriptors: [UInt8] { [UInt8(ascii: "D")] }

    /// Load what came: the first descriptor is the bundle, then so many listening sockets.
    static func load(sockets: Int) -> [UInt8] { [UInt8(ascii: "L")] + Array("\(sockets)".utf8) }

    /// How many listening sockets a `load` has; `nil`: it is another order.
    static func socketCount(ofLoad words: [UInt8]) -> Int? {
        guard words.first == UInt8(ascii: "L") else { return nil }
        return Int(String(decoding: words.dropFirst(), as: UTF8.self)) ?? 0
    }

    /// The worker serves by the new configuration.
    static var done: [UInt8] { [UInt8(ascii: "K")] }

    /// It goes on with the old one: why.
    static func failed(_ reason: String) -> [UInt8] { [UInt8(ascii: "F")] + Array(reason.utf8.prefix(1000)) }
}
