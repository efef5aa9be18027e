internal import Core

/// Why chunked content was refused: RFC 9112 §7.1, read strictly.
public enum ChunkError: Error, Equatable, Sendable {
    /// Something else than hexadecimal digits.
    case badSize
    /// More than 16 digits, or more than a signed 64-bit number holds.
    case sizeOverflow
    /// Lines of framing end in CR LF and nothing else.
    case badLineEnd
    /// A control character.
    case badExtension
    /// 256 bytes a line, 16 KB more than there is content.
    case extensionsTooLong
    /// Not a field.
    case badTrailer
    /// 8 KB, 16 fields.
    case trailersTooLong
}

/// Decodes chunked content and says where in the input it stands.
///
/// Input may be split anywhere; state carries over. Extensions are bounded and dropped, trailers are bounded.
public struct ChunkedDecoder: Sendable {
    /// What stands next in the input.
    public enum Piece: Equatable, Sendable {
        /// Content at these positions; call again from its end.
        case content(Range<Int>)
        /// Lines of trailers at these positions; call again from their end.
        case trailers(Range<Int>)
        /// All of the input was used up.
        case needsMore
        /// The last chunk and its trailers ended before this position.
        case finished(consumed: Int)
    }

    private enum State: Sendable {
        case sizeStart
        case size
        case sizeCR
        case extensions
        case content
        case contentCR
        case contentLF
        case trailerStart
        case trailerName
        case trailerValue
        case trailerCR
        case endLF
        case done
    }

    /// Bytes of extensions a line.
    static var extensionMax: Int { 256 }
    /// Bytes of extensions in sum that content does not outweigh.
    static var extensionsMax: Int { 16 << 10 }
    static var trailersMax: Int { 8 << 10 }
    static var trailerFieldsMax: Int { 16 }

    private var state = State.sizeStart
    private var remaining: UInt64 = 0
    private var digits = 0
    private var lineOverhead = 0
    /// Bytes of extensions so far, less the bytes of content since.
    private var overhead = 0
    private var trailerBytes = 0
    private var trailerFields = 0

    /// Bytes that the chunk under way still has, as far as its size has been read.
    var announcedCount: Int64 { Int64(clamping: remaining) }

    /// At the start of the content.
    public init() {}

    /// Goes on decoding `input` from position `start`.
    ///
    /// - Throws: `ChunkError`; nothing behind it can be trusted.
    public mutating func decode(_ input: Span<UInt8>, from start: Int) throws(ChunkError) -> Piece {
        if case .done = state { return .finished(consumed: start) }
        var position = start
        while position < input.count {
            if case .content = state {
                let count = Int(min(remaining, UInt64(input.count - position)))
                remaining -= UInt64(count)
                if remaining == 0 { state = .contentCR }
                overhead = max(0, overhead - count)
                return .content(position..<(position + count))
            }
            if isWithinTrailers {
                let end = try passTrailers(input, from: position)
                guard end == position else { return .trailers(position..<end) }
            }
            let byte = input[position]
            position += 1
            try step(byte)
            if case .done = state { return .finished(consumed: position) }
        }
        return .needsMore
    }

    private var isWithinTrailers: Bool {
        switch state {
        case .trailerStart, .trailerName, .trailerValue, .trailerCR: true
        case .sizeStart, .size, .sizeCR, .extensions, .content, .contentCR, .contentLF, .endLF, .done: false
        }
    }

    /// - Returns: where the lines end, or what is here of them.
    private mutating func passTrailers(_ input: Span<UInt8>, from start: Int) throws(ChunkError) -> Int {
        var position = start
        while position < input.count {
            let byte = input[position]
            if case .trailerStart = state, byte == .carriageReturn { break }
            try step(byte)
            position += 1
        }
        return position
    }

    private mutating func step(_ byte: UInt8) throws(ChunkError) {
        switch state {
        case .sizeStart, .size: try readSize(byte)
        case .sizeCR:
            guard byte == .lineFeed else { throw .badLineEnd }
            digits = 0
            state = remaining == 0 ? .trailerStart : .content
        case .extensions: try readExtension(byte)
        case .contentCR:
            guard byte == .carriageReturn else { throw .badLineEnd }
            state = .contentLF
        case .contentLF:
            guard byte == .lineFeed else { throw .badLineEnd }
            state = .sizeStart
        case .trailerStart, .trailerName, .trailerValue: try readTrailer(byte)
        case .trailerCR:
            guard byte == .lineFeed else { throw .badTrailer }
            state = .trailerStart
        case .endLF:
            guard byte == .lineFeed else { throw .badLineEnd }
            state = .done
        case .content, .done: break
        }
    }

    private mutating func readSize(_ byte: UInt8) throws(ChunkError) {
        if let digit = byte.hexDigitValue {
            if case .sizeStart = state {
                remaining = 0
                digits = 0
                state = .size
            }
            digits += 1
            guard digits <= 16, remaining >> 59 == 0 else { throw .sizeOverflow }
            remaining = remaining << 4 | UInt64(digit)
            return
        }
        guard case .size = state else { throw .badSize }
        lineOverhead = 0
        switch byte {
        case .carriageReturn: state = .sizeCR
        case UInt8(ascii: ";"): state = .extensions
        default: throw .badSize
        }
    }

    private mutating func readExtension(_ byte: UInt8) throws(ChunkError) {
        if byte == .carriageReturn {
            state = .sizeCR
            return
        }
        guard byte >= .space || byte == .tab, byte != 0x7F else { throw .badExtension }
        lineOverhead += 1
        overhead += 1
        guard lineOverhead <= ChunkedDecoder.extensionMax, overhead <= ChunkedDecoder.extensionsMax else {
            throw .extensionsTooLong
        }
    }

    private mutating func readTrailer(_ byte: UInt8) throws(ChunkError) {
        trailerBytes += 1
        guard trailerBytes <= ChunkedDecoder.trailersMax else { throw .trailersTooLong }
        switch (state, byte) {
        case (.trailerStart, .carriageReturn):
            state = .endLF
        case (.trailerName, UInt8(ascii: ":")), (.trailerValue, .tab):
            state = .trailerValue
        case (.trailerValue, .carriageReturn):
            state = .trailerCR
        case (.trailerValue, _):
            guard byte >= .space, byte != 0x7F else { throw .badTrailer }
        case (_, _):
            // A name: what is no token, a line without a colon or a folded one is refused.
            guard byte > .space, byte < 0x7F, byte != UInt8(ascii: ":") else { throw .badTrailer }
            if case .trailerStart = state { trailerFields += 1 }
            guard trailerFields <= ChunkedDecoder.trailerFieldsMax else { throw .trailersTooLong }
            state = .trailerName
        }
    }
}
