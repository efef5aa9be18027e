import Core
import HTTP
import Testing

@Suite("HPACK encoder") struct HPACKEncoderTests {
    @Test("what is said again costs a byte from the third time on")
    func repeats() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let fields = [PlainField("x-powered-by", "Express"), PlainField("age", "12")]
        var sizes: [Int] = []
        for _ in 0..<4 {
            let block = encoder.encode(fields)
            #expect(try decoder.decode(block) == fields)
            sizes.append(block.count)
        }
        #expect(sizes[0] > 12 && sizes[1] > 12)
        #expect(sizes[2] == 2 && sizes[3] == 2)
    }

    @Test("what is put in at once costs a byte from the second time on, names come in lower case")
    func immediate() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let first = encoder.encode([PlainField("Server", "portico")], .immediate)
        #expect(try decoder.decode(first) == [PlainField("server", "portico")])
        let second = encoder.encode([PlainField("SERVER", "portico")], .immediate)
        #expect(second == [0xBE])
        #expect(try decoder.decode(second) == [PlainField("server", "portico")])
    }

    @Test("as many fields as any response has cost a byte each, whatever their hashes", arguments: 0..<40)
    func manyFields(_ round: Int) throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let fields = (0..<16).map { PlainField("x-\(round)-\($0 * 7)", "value \(round * 31 + $0)") }
        var sizes: [Int] = []
        for _ in 0..<9 {
            let block = encoder.encode(fields)
            #expect(try decoder.decode(block) == fields)
            sizes.append(block.count)
        }
        #expect(sizes[6...].allSatisfy { $0 == fields.count })
    }

    @Test("a table that has seen more entries than numbers of 16 bits still finds them")
    func manyEntries() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        for index in 0..<70_000 {
            _ = try decoder.decode(encoder.encode([PlainField("age", "\(index)")], .immediate))
        }
        let block = encoder.encode([PlainField("age", "69999")], .immediate)
        #expect(block == [0xBE])
        #expect(try decoder.decode(block) == [PlainField("age", "69999")])
    }

    @Test("what is sensitive is in no table (RFC 7541 §7.1.3)")
    func sensitive() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let field = PlainField("set-cookie", "s=secret", isNeverIndexed: true)
        var blocks: [[UInt8]] = []
        for _ in 0..<3 { blocks.append(encoder.encode([field])) }
        #expect(Set(blocks).count == 1)
        #expect(try decoder.decode(blocks[0]) == [field])
        #expect(decoder.tableSize == 0)
    }

    @Test("names and values are not mixed up where their bytes run together")
    func boundaries() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let fields = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")].map { PlainField($0.0, $0.1) }
        for _ in 0..<4 { #expect(try decoder.decode(encoder.encode(fields)) == fields) }
    }

    @Test("a status: of the static table a byte, another with its digits")
    func status() throws {
        for status: UInt16 in [200, 204, 206, 304, 400, 404, 500, 100, 302, 599] {
            let encoder = HPACKEncoder()
            var decoder = HPACKDecoder()
            let out = ByteBuffer(capacity: 16)
            encoder.append(status: status, to: out)
            #expect(try decoder.decode(out.bytes) == [PlainField(":status", "\(status)")])
        }
    }

    @Test("sizes that change between two blocks: the smallest and the last are said (RFC 7541 §4.2)")
    func sizes() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let fields = [PlainField("server", "portico")]
        #expect(try decoder.decode(encoder.encode(fields, .immediate)) == fields)
        encoder.peerAllows(tableSize: 0)
        encoder.peerAllows(tableSize: 100)
        encoder.peerAllows(tableSize: 200)
        let block = encoder.encode(fields, .immediate)
        #expect(block.starts(with: [0x20, 0x3F, 0xA9, 0x01]))
        #expect(try decoder.decode(block) == fields)
        encoder.peerAllows(tableSize: 1 << 30)
        #expect(encoder.encode([]).starts(with: [0x3F, 0xE1, 0x1F]), "4096 is enough for us")
    }

    @Test("any fields come back, whatever the tables hold (seeded)")
    func roundTrip() throws {
        var generator = SplitMix(seed: 7)
        let names = ["server", "Content-Type", "x-a", "x-b", "etag", "vary", "x-long-name-of-a-field", "x"]
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        for _ in 0..<2000 {
            if Int.random(in: 0..<50, using: &generator) == 0 {
                encoder.peerAllows(tableSize: Int.random(in: 0...5000, using: &generator))
            }
            let fields = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                let name = names.randomElement(using: &generator) ?? "x"
                let length = [0, 1, 3, 20, 300].randomElement(using: &generator) ?? 0
                let kinds = UInt8.random(in: 1...255, using: &generator)
                let value = (0..<length).map { _ in
                    Unicode.Scalar(UInt8.random(in: 0...kinds, using: &generator) % 3 &+ kinds)
                }
                return PlainField(
                    name, String(String.UnicodeScalarView(value)),
                    isNeverIndexed: Bool.random(using: &generator))
            }
            let indexing: HPACKEncoder.Indexing = Bool.random(using: &generator) ? .immediate : .adaptive
            let wanted = fields.map {
                PlainField($0.name.lowercased(), $0.value, isNeverIndexed: $0.isNeverIndexed)
            }
            let found = try decoder.decode(encoder.encode(fields, indexing))
            // What is in the table already was said to everybody: it may be a reference.
            #expect(found.map { [$0.name, $0.value] } == wanted.map { [$0.name, $0.value] })
        }
        #expect(decoder.tableSize <= 4096)
    }
}

/// Seeded mutations of sound field blocks, bounded in time.
@Suite("HPACK, mutated") struct HPACKFuzzTests {
    @Test("mutated blocks never trap, and decode to a bounded size")
    func mutated() {
        let samples = [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "203f e11f 4001 6101 62be 7e01 63",
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff",
        ].map(unhex)
        var generator = SplitMix(seed: 11)
        let start = ContinuousClock.now
        var round = 0
        while ContinuousClock.now - start < .milliseconds(400) {
            var decoder = HPACKDecoder()
            for _ in 0..<6 {
                round += 1
                let block = generator.mutate(samples[round % samples.count])
                guard let fields = try? decoder.decode(block) else { break }
                let size = fields.reduce(0) { $0 + $1.name.count + $1.value.count }
                #expect(size <= block.count * 4096)
                #expect(decoder.tableSize <= 4096)
            }
        }
    }
}
