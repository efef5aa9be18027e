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

    @Test("one without memory is as any other empty one, and has it when the first byte comes")
    func hasNoMemory() {
        let buffer = ByteBuffer(capacity: 0)
        #expect(buffer.capacity == 0 && buffer.isEmpty && buffer.bytes.isEmpty)
        #expect(buffer.isEqual(to: ByteBuffer(capacity: 16)) && text(buffer).isEmpty)
        buffer.append(contentsOf: ByteBuffer(capacity: 0))
        buffer.append([])
        buffer.reserve(0)
        buffer.consume(0)
        buffer.removeAll()
        #expect(buffer.withPath { $0[0] } == 0)
        buffer.append("text")
        buffer.append(contentsOf: buffer)
        #expect(text(buffer) == "texttext" && buffer.capacity >= 16)
        buffer.removeAll()
        buffer.shrink(toCapacity: 0)
        #expect(buffer.capacity == 0 && buffer.prependableCount == 0)
        buffer.append(UInt8(ascii: "a"))
        #expect(text(buffer) == "a")
    }

    @Test("what growing took beyond the bytes is given back, if it is much")
    func trims() {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append([UInt8](repeating: 1, count: 6000))
        buffer.append([UInt8](repeating: 2, count: 3000))
        buffer.consume(1000)
        buffer.trim(above: 100_000)
        let size = buffer.capacity
        #expect(size >= 9000)
        buffer.trim(above: 4096)
        #expect(buffer.capacity == 8000 && buffer.count == 8000)
        #expect(buffer[0] == 1 && buffer[4999] == 1 && buffer[5000] == 2 && buffer[7999] == 2)
        buffer.append(3)
        #expect(buffer.count == 8001 && buffer[8000] == 3)
        buffer.removeAll()
        buffer.append(4)
        buffer.trim(above: 4096)
        #expect(buffer.capacity == 16 && buffer.count == 1 && buffer[0] == 4)
    }

    @Test("bytes that were left or consumed in front can be written again, the highest first")
    func prepends() {
        let buffer = ByteBuffer(capacity: 32)
        buffer.removeAll(leaving: 4)
        #expect(buffer.isEmpty && buffer.prependableCount == 4)
        buffer.append("content")
        buffer.prepend(bigEndian: 0x4142_4344, count: 4)
        #expect(text(buffer) == "ABCDcontent" && buffer.prependableCount == 0)
        buffer.consume(6)
        buffer.prepend(bigEndian: 0xFFFF_2D2B, count: 2)
        #expect(text(buffer) == "-+ntent")
        // Whatever is appended, nothing of it is lost.
        buffer.append([UInt8](repeating: 120, count: 100))
        #expect(buffer.count == 107 && text(buffer).hasPrefix("-+ntentx"))
    }

    @Test("parts of two buffers are the same or not, by bytes and by length")
    func comparesParts() {
        let left = ByteBuffer(capacity: 16)
        let right = ByteBuffer(capacity: 16)
        left.append("name: value")
        right.append("a value and a name")
        #expect(left.isEqual(Slice(from: 6, to: 11), to: Slice(from: 2, to: 7), of: right))
        #expect(!left.isEqual(Slice(from: 6, to: 11), to: Slice(from: 2, to: 8), of: right))
        #expect(!left.isEqual(Slice(from: 5, to: 11), to: Slice(from: 2, to: 8), of: right))
        right.consume(14)
        #expect(!left.isEqual(to: Slice(from: 0, to: 4), of: right))
        left.truncate(to: 4)
        #expect(left.isEqual(to: Slice(from: 0, to: 4), of: right))
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

    /// A buffer that holds `content` behind bytes that were consumed, with no room to spare.
    private func full(_ content: [UInt8], consumed: Int) -> ByteBuffer {
        let buffer = ByteBuffer(capacity: max(16, content.count + consumed))
        buffer.append([UInt8](repeating: 0xEE, count: consumed) + content)
        buffer.consume(consumed)
        return buffer
    }

    @Test("its own bytes are appended as they were, however it moves or grows", arguments: 0...40)
    func appendsItself(count: Int) {
        let content = (0..<count).map { UInt8(ascii: "A") + UInt8($0 % 26) }
        for consumed in [0, 1, 15, 16, 17, 64] {
            for start in 0...count {
                let whole = Slice(from: 0, to: count)
                let part = Slice(from: start, to: count)
                let tail = Array(content[start...])
                var buffer = full(content, consumed: consumed)
                buffer.append(contentsOf: buffer)
                #expect(buffer.bytes == content + content)
                buffer = full(content, consumed: consumed)
                buffer.append(part, of: buffer)
                buffer.append(whole, of: buffer)
                #expect(buffer.bytes == content + tail + content)
                buffer = full(content, consumed: consumed)
                buffer.append(lowercased: part, of: buffer)
                #expect(buffer.bytes == content + tail.map(\.asciiLowercased))
                buffer = full(content, consumed: consumed)
                buffer.withBytes(of: part) { buffer.append($0) }
                #expect(buffer.bytes == content + tail)
                buffer = full(content, consumed: consumed)
                buffer.withReadable { buffer.append($0) }
                #expect(buffer.bytes == content + content)
            }
        }
    }

    @Test("a slice that reaches beyond the bytes stands for nothing")
    func strangeSlices() {
        let slices = [
            Slice(from: 0, to: 5), Slice(from: 4, to: 5), Slice(from: 5, to: 5), Slice(from: 5, to: 9),
            Slice(start: .max, count: .max), Slice(start: .max, count: 0), Slice(start: 0, count: .max),
            Slice(from: -1, to: 2), Slice(from: 3, to: 2), Slice(from: 0, to: .max),
            Slice(from: .min, to: .max), Slice(from: Int(UInt32.max), to: Int(UInt32.max) + 1),
        ]
        let source = ByteBuffer(capacity: 16)
        source.append("1234")
        for slice in slices {
            #expect(source.bytes(of: slice).isEmpty && source.string(of: slice).isEmpty)
            #expect(source.withBytes(of: slice) { $0.count } == 0)
            #expect(!source.equalsIgnoringCase(slice, "1234"))
            let target = ByteBuffer(capacity: 16)
            target.append("x")
            target.append(slice, of: source)
            target.append(lowercased: slice, of: source)
            #expect(text(target) == "x")
            source.append(slice, of: source)
            source.append(lowercased: slice, of: source)
            #expect(text(source) == "1234")
        }
        let empty = ByteBuffer(capacity: 0)
        empty.append(contentsOf: empty)
        empty.append(Slice(), of: empty)
        empty.withReadable { empty.append($0) }
        empty.append(UnsafeBufferPointer<UInt8>(start: nil, count: 0))
        #expect(empty.isEmpty && empty.bytes(of: Slice()).isEmpty)
    }

    @Test("random steps, of its own bytes too, leave what a model has")
    func randomSteps() {
        var seed: UInt64 = 7
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % max(bound, 1)
        }
        let buffer = ByteBuffer(capacity: 16)
        var model: [UInt8] = []
        for _ in 0..<20_000 {
            let start = random(model.count + 4)
            let end = start + random(40)
            let isInside = end <= model.count
            let part = isInside ? Array(model[start..<end]) : []
            switch random(model.count > 5000 ? 9 : 6) {
            case 0: buffer.append(Slice(from: start, to: end), of: buffer)
            case 1: buffer.withBytes(of: Slice(from: start, to: end)) { buffer.append($0) }
            case 2:
                buffer.append(lowercased: Slice(from: start, to: end), of: buffer)
                model += part.map(\.asciiLowercased)
                continue
            case 3:
                buffer.append([UInt8(truncatingIfNeeded: start), UInt8(ascii: "Q")])
                model += [UInt8(truncatingIfNeeded: start), UInt8(ascii: "Q")]
                continue
            case 4:
                let count = random(min(model.count, 30) + 1)
                buffer.consume(count)
                model.removeFirst(count)
                continue
            default:
                let count = random(model.count + 1)
                buffer.truncate(to: count)
                model.removeLast(model.count - count)
                continue
            }
            model += part
        }
        #expect(buffer.bytes == model)
    }

    @Test("sums of sizes stay what a number can say")
    func saturates() {
        #expect(5.saturatingSum(7) == 12 && 5.saturatingSum(-7) == -2)
        #expect(Int.max.saturatingSum(1) == .max && Int.max.saturatingSum(.max) == .max)
        #expect(Int.min.saturatingSum(-1) == .min && Int.max.saturatingSum(.min) == -1)
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
