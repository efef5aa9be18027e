public import Core

extension URIPath {
    /// Appends the target of a redirect, in which escapes that nobody needs are undone, as nginx does: those
    /// of printable ASCII behind `%`, up to the first `?`. The `%` of a broken escape is left out.
    public static func unescapeRedirect(_ bytes: Span<UInt8>, into output: ByteBuffer) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "%") else {
                output.append(byte)
                guard byte == UInt8(ascii: "?") else { continue }
                break
            }
            guard index < bytes.count else { break }
            guard let high = bytes[index].hexDigitValue else {
                output.append(bytes[index])
                index += 1
                continue
            }
            guard index + 1 < bytes.count else {
                index += 1
                break
            }
            index += 2
            guard let low = bytes[index - 1].hexDigitValue else { continue }
            let value = high << 4 | low
            guard value > UInt8(ascii: "%"), value < 0x7F else {
                output.append(bytes.extracting((index - 3)..<index))
                continue
            }
            output.append(value)
            if value == UInt8(ascii: "?") { break }
        }
        output.append(bytes.extracting(index..<bytes.count))
    }
}
