internal import Core
internal import HTTP
internal import Net

/// The text of a folder's listing, byte for byte as nginx writes it.
struct Listing {
    var format: AutoindexFormat
    /// JSONP: the function.
    var callback: [UInt8] = []
    /// HTML: names are counted, and cut, by characters of UTF-8 rather than bytes.
    var countsCharacters = false
    private let tellsExactSizes: Bool
    /// Seconds that are added to times.
    private let zoneSeconds: Int64
    /// Characters of a name that HTML shows.
    private static var nameMax: Int { 50 }

    init(_ settings: AutoindexSettings) {
        format = settings.format
        tellsExactSizes = settings.tellsExactSizes
        zoneSeconds = settings.tellsLocalTime ? Clock.zoneSeconds : 0
    }

    /// Writes what stands in front of the entries.
    func begin(for path: ByteBuffer, to out: ByteBuffer) {
        switch format {
        case .html:
            out.append("<html>\r\n<head><title>Index of ")
            path.withReadable { URIPath.escape($0, as: .html, into: out) }
            out.append("</title></head>\r\n<body>\r\n<h1>Index of ")
            path.withReadable { URIPath.escape($0, as: .html, into: out) }
            out.append("</h1><hr><pre><a href=\"../\">../</a>\r\n")
        case .xml:
            out.append("<?xml version=\"1.0\"?>\r\n<list>\r\n")
        case .jsonp:
            out.append("/* callback */\r\n")
            out.append(callback)
            out.append("([")
        case .json:
            out.append("[")
        }
    }

    /// Writes what stands behind the entries.
    func end(to out: ByteBuffer) {
        switch format {
        case .html: out.append("</pre><hr></body>\r\n</html>\r\n")
        case .xml: out.append("</list>\r\n")
        case .jsonp: out.append("\r\n]);")
        case .json: out.append("\r\n]")
        }
    }

    /// Writes one entry, whose name stands in `names`.
    func append(_ entry: ListedNames.Entry, of names: ByteBuffer, isFirst: Bool, to out: ByteBuffer) {
        names.withBytes(of: entry.name) { name in
            switch format {
            case .html: appendLine(name, entry, to: out)
            case .xml: Self.appendElement(name, entry, to: out)
            case .json, .jsonp:
                out.append(isFirst ? "\r\n" : ",\r\n")
                Self.appendObject(name, entry, to: out)
            }
        }
    }

    // MARK: HTML

    private func appendLine(_ name: Span<UInt8>, _ entry: ListedNames.Entry, to out: ByteBuffer) {
        out.append("<a href=\"")
        URIPath.escape(name, as: .uriComponent, into: out)
        if entry.kind == .directory { out.append("/") }
        out.append("\">")
        appendName(name, entry, to: out)
        out.append(" ")
        Self.appendTime(Self.clamped(entry.modified) + zoneSeconds, to: out)
        if entry.kind == .directory {
            Self.append("-", width: tellsExactSizes ? 19 : 7, to: out)
        } else {
            appendSize(entry.size, to: out)
        }
        out.append("\r\n")
    }

    /// Longer names end with `..>`; shorter ones are followed by spaces.
    private func appendName(_ name: Span<UInt8>, _ entry: ListedNames.Entry, to out: ByteBuffer) {
        let count = (countsCharacters ? Self.characterEnds(of: name, atMost: .max)?.count : nil) ?? name.count
        guard count <= Self.nameMax else {
            let shown = Self.nameMax - 3
            let end = count == name.count ? shown : Self.characterEnds(of: name, atMost: shown)?.end ?? shown
            URIPath.escape(name.extracting(0..<end), as: .html, into: out)
            return out.append("..&gt;</a>")
        }
        URIPath.escape(name, as: .html, into: out)
        let isMarked = entry.kind == .directory && count < Self.nameMax
        out.append(isMarked ? "/</a>" : "</a>")
        for _ in (count + (isMarked ? 1 : 0))..<Self.nameMax { out.append(UInt8.space) }
    }

    /// How many characters of UTF-8 stand there, of the first so many, and where the last of them ends.
    ///
    /// - Returns: `nil` if it is not UTF-8.
    private static func characterEnds(of name: Span<UInt8>, atMost most: Int) -> (count: Int, end: Int)? {
        var count = 0
        var end = 0
        while end < name.count, count < most {
            let length = characterLength(name[end])
            guard length > 0, name.count - end >= length else { return nil }
            for index in 1..<length where name[end + index] & 0xC0 != 0x80 { return nil }
            if length == 3, name[end] == 0xE0, name[end + 1] < 0xA0 { return nil }
            if length == 4, name[end] == 0xF0, name[end + 1] < 0x90 { return nil }
            if length == 4, name[end] == 0xF4, name[end + 1] >= 0x90 { return nil }
            end += length
            count += 1
        }
        return (count, end)
    }

    /// Of a character that begins so; 0: none does.
    private static func characterLength(_ first: UInt8) -> Int {
        switch first {
        case 0x00..<0x80: 1
        case 0xC2..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0..<0xF5: 4
        default: 0
        }
    }

    /// `01-Jan-2026 10:00 `
    private static func appendTime(_ seconds: Int64, to out: ByteBuffer) {
        let parts = CivilTime.Parts(seconds: seconds)
        append(parts.day, to: out)
        out.append("-")
        out.append(CivilTime.monthName(parts.month))
        out.append("-")
        out.append(decimal: parts.year)
        out.append(" ")
        append(parts.hour, to: out)
        out.append(":")
        append(parts.minute, to: out)
        out.append(" ")
    }

    private func appendSize(_ size: Int64, to out: ByteBuffer) {
        if tellsExactSizes { return Self.append(String(size), width: 19, to: out) }
        for (unit, power) in [("G", 30), ("M", 20)] as [(String, Int64)] where size >> power > 0 {
            return Self.append("\(Self.rounded(size, power))\(unit)", width: 7, to: out)
        }
        if size > 9999 { return Self.append("\(Self.rounded(size, 10))K", width: 7, to: out) }
        Self.append(String(size), width: 7, to: out)
    }

    private static func rounded(_ size: Int64, _ power: Int64) -> Int64 {
        (size >> power) + (size >> (power - 1)) & 1
    }

    /// At the right end of a column.
    private static func append(_ text: String, width: Int, to out: ByteBuffer) {
        for _ in 0..<max(width - text.utf8.count, 0) { out.append(UInt8.space) }
        out.append(text)
    }

    private static func append(_ number: Int, to out: ByteBuffer) {
        out.append(decimal: number.magnitude, width: 2)
    }

    // MARK: XML and JSON

    private static func appendElement(_ name: Span<UInt8>, _ entry: ListedNames.Entry, to out: ByteBuffer) {
        let kind = kind(of: entry)
        let parts = CivilTime.Parts(seconds: clamped(entry.modified))
        out.append("<")
        out.append(kind)
        out.append(" mtime=\"")
        out.append(decimal: parts.year.magnitude, width: 4)
        for (mark, part) in [("-", parts.month), ("-", parts.day), ("T", parts.hour), (":", parts.minute)] {
            out.append(mark)
            append(part, to: out)
        }
        out.append(":")
        append(parts.second, to: out)
        out.append("Z\"")
        if entry.kind == .file {
            out.append(" size=\"")
            out.append(decimal: Int(entry.size))
            out.append("\"")
        }
        out.append(">")
        URIPath.escape(name, as: .html, into: out)
        out.append("</")
        out.append(kind)
        out.append(">\r\n")
    }

    private static func appendObject(_ name: Span<UInt8>, _ entry: ListedNames.Entry, to out: ByteBuffer) {
        out.append("{ \"name\":\"")
        LogFormat.Escape.json.append(name, to: out)
        out.append("\", \"type\":\"")
        out.append(kind(of: entry))
        out.append("\", \"mtime\":\"")
        CivilTime.appendHTTPDate(clamped(entry.modified), to: out)
        out.append("\"")
        if entry.kind == .file {
            out.append(", \"size\":")
            out.append(decimal: Int(entry.size))
        }
        out.append(" }")
    }

    /// As nginx: from 1970 on, and years of four digits. File systems know others.
    private static func clamped(_ seconds: Int64) -> Int64 { min(max(seconds, 0), CivilTime.lastSecond) }

    private static func kind(of entry: ListedNames.Entry) -> StaticString {
        switch entry.kind {
        case .directory: "directory"
        case .file: "file"
        case .other: "other"
        }
    }
}
