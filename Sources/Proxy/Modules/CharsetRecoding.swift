internal import Core

/// How bytes of one charset become bytes of another.
final class CharsetRecoding {
    private enum Table {
        /// For each byte, another.
        case bytes([UInt8])
        /// For each byte, a character of UTF-8.
        case toUTF8([[UInt8]])
        /// For characters of UTF-8, a byte.
        case fromUTF8([UInt32: UInt8])
    }

    private let table: Table

    /// Stands for what the other charset does not have.
    private static var unknown: UInt8 { UInt8(ascii: "?") }

    private init(_ table: Table) {
        self.table = table
    }

    /// The content keeps its length.
    var keepsLength: Bool { if case .bytes = table { true } else { false } }

    /// From bytes to bytes; those of ASCII stand for themselves.
    static func bytes(_ pairs: [(UInt8, UInt8)]) -> CharsetRecoding {
        var table = (0...255).map { $0 < 128 ? UInt8($0) : unknown }
        for (from, to) in pairs { table[Int(from)] = to }
        return CharsetRecoding(.bytes(table))
    }

    /// From bytes to characters.
    static func toUTF8(_ pairs: [(byte: UInt8, text: [UInt8])]) -> CharsetRecoding {
        var table = (0...255).map { [$0 < 128 ? UInt8($0) : unknown] }
        for pair in pairs { table[Int(pair.byte)] = pair.text }
        return CharsetRecoding(.toUTF8(table))
    }

    /// From characters to bytes.
    static func fromUTF8(_ pairs: [(byte: UInt8, text: [UInt8])]) -> CharsetRecoding {
        var table: [UInt32: UInt8] = [:]
        for pair in pairs {
            guard case .character(let code, _) = UTF8Character(pair.text.span, 0) else { continue }
            table[code] = pair.byte
        }
        return CharsetRecoding(.fromUTF8(table))
    }

    /// Takes from the front of `input`, and appends to `out` until that has `atMost` bytes or little more.
    ///
    /// - Parameter isLast: no more content comes: a character that is cut short is none.
    /// - Returns: how much was taken; what is left, if `out` has room, is the beginning of a character.
    func recode(_ input: Span<UInt8>, isLast: Bool, into out: ByteBuffer, atMost: Int) -> Int {
        var index = 0
        switch table {
        case .bytes(let table):
            while index < input.count, out.count < atMost {
                out.append(table[Int(input[index])])
                index += 1
            }
        case .toUTF8(let table):
            while index < input.count, out.count < atMost {
                out.append(table[Int(input[index])])
                index += 1
            }
        case .fromUTF8(let table):
            while index < input.count, out.count < atMost {
                guard let length = append(input, index, isLast, table, to: out) else { break }
                index += length
            }
        }
        return index
    }

    /// Appends what stands for one character.
    ///
    /// - Returns: its length; `nil`: it is not all here.
    private func append(
        _ input: Span<UInt8>, _ index: Int, _ isLast: Bool, _ table: [UInt32: UInt8], to out: ByteBuffer
    ) -> Int? {
        switch UTF8Character(input, index) {
        case .ascii(let byte):
            out.append(byte)
            return 1
        case .character(let code, let length):
            if let byte = table[code] {
                out.append(byte)
            } else {
                // As in nginx: a text in HTML can say it all the same.
                out.append("&#")
                out.append(decimal: Int(code))
                out.append(";")
            }
            return length
        case .invalid(let length):
            out.append(CharsetRecoding.unknown)
            return length
        case .cut:
            // As in nginx, the beginning of a character that never comes stands for nothing.
            return isLast ? input.count - index : nil
        }
    }
}

/// One character of UTF-8, read as nginx reads it.
enum UTF8Character {
    case ascii(UInt8)
    case character(UInt32, length: Int)
    /// So many bytes are none.
    case invalid(length: Int)
    /// Bytes are missing behind it.
    case cut

    /// Reads what stands at `index`.
    init(_ bytes: Span<UInt8>, _ index: Int) {
        let first = bytes[index]
        var code: UInt32
        let more: Int
        let least: UInt32
        switch first {
        case ..<0x80:
            self = .ascii(first)
            return
        case 0xF0...: (code, more, least) = (UInt32(first & 0x07), 3, 0x1_0000)
        case 0xE0...: (code, more, least) = (UInt32(first & 0x0F), 2, 0x800)
        case 0xC2...: (code, more, least) = (UInt32(first & 0x1F), 1, 0x80)
        default:
            self = .invalid(length: 1)
            return
        }
        guard bytes.count - index > more else {
            self = .cut
            return
        }
        for offset in 1...more {
            let byte = bytes[index + offset]
            guard byte >= 0x80 else {
                self = .invalid(length: offset + 1)
                return
            }
            code = code << 6 | UInt32(byte & 0x3F)
        }
        self =
            code >= least && code <= 0x10_FFFF
            ? .character(code, length: more + 1) : .invalid(length: more + 1)
    }
}
