internal import Core

/// The Huffman code of strings in field blocks: RFC 7541 §5.2 and appendix B.
///
/// The code is canonical: the lengths say all of it. Codes of at most ten bits, which printable text nearly
/// always has, are found by one look into a table; longer ones by their length, at most twenty steps.
enum HuffmanCode {
    /// Bits of the codes of 0 to 255 and, last, of the end of string.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ]

    private static let endOfString = 256
    private static let shortBits = 10
    private static let lengthMax = 30

    /// Symbols in the order of their codes, and where the codes of each length begin among them.
    private struct Order {
        var symbols: [UInt16] = []
        /// By length: the first code, and the index of its symbol.
        var firstCode = [UInt32](repeating: 0, count: lengthMax + 2)
        var firstIndex = [Int](repeating: 0, count: lengthMax + 2)

        init() {
            var code: UInt32 = 0
            for length in 1...lengthMax {
                code <<= 1
                firstCode[length] = code
                firstIndex[length] = symbols.count
                for symbol in lengths.indices where Int(lengths[symbol]) == length {
                    symbols.append(UInt16(symbol))
                    code += 1
                }
            }
            firstIndex[lengthMax + 1] = symbols.count
        }
    }

    private static let order = Order()

    /// By symbol: its code above, its length in the low eight bits.
    private static let codes: [UInt64] = {
        var codes = [UInt64](repeating: 0, count: lengths.count)
        for length in 1...lengthMax {
            for index in order.firstIndex[length]..<order.firstIndex[length + 1] {
                let code = order.firstCode[length] + UInt32(index - order.firstIndex[length])
                codes[Int(order.symbols[index])] = UInt64(code) << 8 | UInt64(length)
            }
        }
        return codes
    }()

    /// By ten bits: the symbol they begin with, its length above; 0 where the code is longer.
    private static let short: [UInt16] = {
        var short = [UInt16](repeating: 0, count: 1 << shortBits)
        for symbol in 0..<endOfString where lengths[symbol] <= shortBits {
            let length = Int(lengths[symbol])
            let first = Int(codes[symbol] >> 8) << (shortBits - length)
            for index in first..<(first + 1 << (shortBits - length)) {
                short[index] = UInt16(length << 8 | symbol)
            }
        }
        return short
    }()

    /// Bytes that `text` takes when it is encoded.
    static func encodedCount(_ text: Span<UInt8>) -> Int {
        let lengths = lengths
        var bits = 0
        for index in text.indices { bits &+= Int(lengths[Int(text[index])]) }
        return (bits + 7) / 8
    }

    /// Appends `text`, encoded, and filled up to a byte with the first bits of the end of string.
    static func encode(_ text: Span<UInt8>, to out: ByteBuffer) {
        let codes = codes
        var bits: UInt64 = 0
        var count: UInt64 = 0
        for index in text.indices {
            let code = codes[Int(text[index])]
            let length = code & 0xFF
            bits = bits << length | code >> 8
            count &+= length
            if count >= 32 {
                count &-= 32
                out.append(bigEndian: UInt32(truncatingIfNeeded: bits >> count))
            }
        }
        while count >= 8 {
            count &-= 8
            out.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        guard count > 0 else { return }
        out.append(UInt8(truncatingIfNeeded: bits << (8 &- count)) | 0xFF >> UInt8(count))
    }

    /// Appends what `bytes` encode.
    ///
    /// - Returns: whether they are a code: no end of string, less than a byte of filling, all of it ones.
    ///   What was appended before an error stays.
    static func decode(_ bytes: Span<UInt8>, to out: ByteBuffer) -> Bool {
        let short = short
        // The next bits, the first one highest.
        var bits: UInt64 = 0
        var count = 0
        var position = 0
        out.reserve(bytes.count * 8 / 5)
        while true {
            while count <= 56, position < bytes.count {
                bits |= UInt64(bytes[position]) << UInt64(56 &- count)
                count &+= 8
                position &+= 1
            }
            let entry = short[Int(bits >> 54)]
            var length = Int(entry >> 8)
            var symbol = entry & 0xFF
            if length == 0 {
                guard let found = long(bits), found.symbol != endOfString || found.length > count else {
                    return false
                }
                length = found.length
                symbol = UInt16(found.symbol & 0xFF)
            }
            guard length <= count else { break }
            out.append(UInt8(truncatingIfNeeded: symbol))
            bits <<= UInt64(length)
            count &-= length
        }
        return count < 8 && bits == ~(UInt64.max >> UInt64(count))
    }

    /// The symbol whose code, longer than ten bits, `bits` begin with.
    private static func long(_ bits: UInt64) -> (symbol: Int, length: Int)? {
        let order = order
        for length in (shortBits + 1)...lengthMax {
            let code = UInt32(truncatingIfNeeded: bits >> UInt64(64 - length))
            let index = order.firstIndex[length] + Int(code) - Int(order.firstCode[length])
            if code >= order.firstCode[length], index < order.firstIndex[length + 1] {
                return (Int(order.symbols[index]), length)
            }
        }
        return nil
    }
}
