internal import Core

/// Fields that both sides know from the start: RFC 7541 appendix A. Indices begin with 1.
enum HPACKStaticTable {
    typealias Entry = (name: StaticString, value: StaticString)

    /// The index of the last entry; behind it the dynamic table begins.
    static var count: Int { 61 }

    /// By index - 1.
    private static let entries: [Entry] = [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"),
        (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
        (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"), (":status", "404"),
        (":status", "500"), ("accept-charset", ""), ("accept-encoding", "gzip, deflate"),
        ("accept-language", ""), ("accept-ranges", ""), ("accept", ""), ("access-control-allow-origin", ""),
        ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
        ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""),
        ("content-length", ""), ("content-location", ""), ("content-range", ""), ("content-type", ""),
        ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""),
        ("host", ""), ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
        ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""),
        ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
        ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
        ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""),
        ("via", ""), ("www-authenticate", ""),
    ]

    /// The entry of an index from 1 to `count`; `nil` for another.
    static func entry(_ index: Int) -> Entry? {
        index >= 1 && index <= count ? entries[index - 1] : nil
    }

    /// Names that are no pseudo-fields, by hash: their index, 0 where a place is free. Twice as many places
    /// as names, so that a search ends soon.
    private static let places: [UInt8] = {
        var places = [UInt8](repeating: 0, count: 128)
        for index in entries.indices where entries[index].name.utf8Start[0] != UInt8(ascii: ":") {
            var place = entries[index].name.withUTF8Buffer { Int(FieldHash.of($0.span) & 127) }
            while places[place] != 0 { place = (place + 1) & 127 }
            places[place] = UInt8(index + 1)
        }
        return places
    }()

    /// The index of a name in lower case whose hash is known; 0: it is not here.
    static func index(of name: Span<UInt8>, hash: UInt32) -> Int {
        var place = Int(hash & 127)
        while places[place] != 0 {
            let index = Int(places[place])
            if equalsIgnoringCase(name, entries[index - 1].name) { return index }
            place = (place + 1) & 127
        }
        return 0
    }

    /// The index of `:status` with this value; 0: there is none.
    static func index(ofStatus status: UInt16) -> Int {
        switch status {
        case 200: 8
        case 204: 9
        case 206: 10
        case 304: 11
        case 400: 12
        case 404: 13
        case 500: 14
        default: 0
        }
    }
}

/// A hash that finds equal fields; nobody gains by making collisions, which cost a comparison.
enum FieldHash {
    /// - Parameter seed: the hash of what stands before.
    static func of(_ bytes: Span<UInt8>, seed: UInt32 = 0) -> UInt32 {
        var hash = UInt64(seed) ^ UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
        var position = 0
        while position <= bytes.count &- 8 {
            hash = (hash ^ ByteScan.word(in: bytes, at: position)) &* 0xFF51_AFD7_ED55_8CCD
            hash ^= hash >> 32
            position &+= 8
        }
        if position < bytes.count, bytes.count >= 8 {
            // Some bytes once more, rather than the rest one by one.
            hash = (hash ^ ByteScan.word(in: bytes, at: bytes.count &- 8)) &* 0xFF51_AFD7_ED55_8CCD
            position = bytes.count
        }
        while position < bytes.count {
            hash = (hash ^ UInt64(bytes[position])) &* 0x0000_0100_0000_01B3
            position &+= 1
        }
        hash = (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: hash >> 32)
    }
}
