import Testing

@testable import Core

@Suite("Byte buffer") struct ByteBufferTests {
    private func text(_ buffer: ByteBuffer) -> String { String(decoding: buffer.bytes, as: UTF8.self) }

    @Test("grows, moves and consumes without losing a byte")
    func survivesManySmallSteps() {
        let buffer = ByteBuffer(capacity: 16)
        var model: [UInt8] = []
        var seed: UInt64 = 42
        for step in 0..<5000 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            if seed >> 33 % 3 == 0 {
                let count = min(model.count, Int(seed >> 40 % 40))
                buffer.consume(count)
                model.removeFirst(count)
            } else {
                let bytes = (0..<Int(seed >> 40 % 30)).map { UInt8(truncatingIfNeeded: $0 &+ step) }
                buffer.append(bytes)
                model += bytes
            }
            #expect(buffer.count == model.count)
        }
        #expect(buffer.bytes == model)
    }

    @Test("numbers are written as text", arguments: [0, 9, 10, 99, 100, 65535, Int.max, -1, Int.min])
    func writesDecimals(value: Int) {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append(decimal: value)
        #expect(text(buffer) == "\(value)")
    }

    @Test("numbers of up to four digits fill their width", arguments: 1...4)
    func writesShortNumbers(width: Int) {
        for value in 0..<1100 {
            let buffer = ByteBuffer(capacity: 16)
            buffer.append(decimal: UInt(value), width: width)
            let digits = "\(value)"
            #expect(text(buffer) == String(repeating: "0", count: max(0, width - digits.count)) + digits)
        }
    }

    @Test("an IPv4 address has no leading zeros")
    func writesDottedDecimals() {
        for octet in UInt32(0)...255 {
            let buffer = ByteBuffer(capacity: 16)
            buffer.append(dottedDecimal: octet << 24 | 10 << 16 | (255 - octet) << 8 | octet)
            #expect(text(buffer) == "\(octet).10.\(255 - octet).\(octet)")
        }
    }

    @Test("only A to Z change case, wherever they stand", arguments: 0...40)
    func lowercases(count: Int) {
        let source = ByteBuffer(capacity: 16)
        source.append(Array("front".utf8))
        source.consume(5)
        for start in stride(from: 0, to: 256, by: max(count, 1)) {
            source.removeAll()
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: start + $0) }
            source.append([0x5A] + bytes)
            let buffer = ByteBuffer(capacity: 16)
            buffer.append("A")
            buffer.append(lowercased: Slice(from: 1, to: 1 + count), of: source)
            #expect(buffer.bytes == [0x41] + bytes.map(\.asciiLowercased))
        }
    }

    @Test("a literal and a string are appended alike")
    func appendsText() {
        let buffer = ByteBuffer(capacity: 16)
        let string = "gr\u{FC}n and more than a small string holds"
        buffer.append("gr\u{FC}n and more than a small string holds")
        buffer.append(string)
        #expect(text(buffer) == string + string)
    }

    @Test("a width is filled with zeros")
    func fillsTheWidth() {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append(decimal: UInt(7), width: 3)
        buffer.append(" ")
        buffer.append(secondsFromMilliseconds: 1042)
        #expect(text(buffer) == "007 1.042")
    }

    @Test("hexadecimal numbers have no leading zeros", arguments: [0, 1, 15, 16, 255, 4096, UInt.max])
    func writesHexadecimals(value: UInt) {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append(hexadecimal: value)
        #expect(text(buffer) == String(value, radix: 16))
    }

    @Test("slices are compared without case")
    func comparesWithoutCase() {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append("Keep-ALIVE")
        #expect(buffer.equalsIgnoringCase(Slice(from: 0, to: 10), "keep-alive"))
        #expect(!buffer.equalsIgnoringCase(Slice(from: 0, to: 9), "keep-alive"))
    }
}

@Suite("CRC-32") struct CRC32Tests {
    @Test("matches the standard's check value")
    func checkValue() {
        var sum = CRC32()
        sum.update(Array("123456789".utf8))
        #expect(sum.value == 0xCBF4_3926)
    }
}
