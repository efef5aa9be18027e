import Core
import HTTP
import Testing

@Suite("HPACK decoder") struct HPACKDecoderTests {
    static let requests: [[PlainField]] = [
        [.init(":method", "GET"), .init(":scheme", "http"), .init(":path", "/"), authority],
        [
            .init(":method", "GET"), .init(":scheme", "http"), .init(":path", "/"), authority,
            .init("cache-control", "no-cache"),
        ],
        [
            .init(":method", "GET"), .init(":scheme", "https"), .init(":path", "/index.html"), authority,
            .init("custom-key", "custom-value"),
        ],
    ]
    private static let authority = PlainField(":authority", "www.example.com")
    static let responses: [[PlainField]] = [
        response(":status", "302", second: "21"), response(":status", "307", second: "21"),
        [
            .init(":status", "200"), .init("cache-control", "private"),
            .init("date", "Mon, 21 Oct 2013 20:13:22 GMT"), .init("location", "https://www.example.com"),
            .init("content-encoding", "gzip"),
            .init("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
        ],
    ]

    private static func response(_ name: String, _ status: String, second: String) -> [PlainField] {
        [
            .init(name, status), .init("cache-control", "private"),
            .init("date", "Mon, 21 Oct 2013 20:13:\(second) GMT"),
            .init("location", "https://www.example.com"),
        ]
    }

    @Test(
        "one field in each form (RFC 7541 C.2)",
        arguments: [
            (
                "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
                PlainField("custom-key", "custom-header"), 55
            ),
            ("040c 2f73 616d 706c 652f 7061 7468", PlainField(":path", "/sample/path"), 0),
            (
                "1008 7061 7373 776f 7264 0673 6563 7265 74",
                PlainField("password", "secret", isNeverIndexed: true), 0
            ),
            ("82", PlainField(":method", "GET"), 0),
        ])
    func forms(_ sample: String, _ field: PlainField, _ size: Int) throws {
        var decoder = HPACKDecoder()
        #expect(try decoder.decode(unhex(sample)) == [field])
        #expect(decoder.tableSize == size)
    }

    @Test(
        "three requests on one connection (RFC 7541 C.3 and C.4)",
        arguments: [
            [
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "8286 84be 5808 6e6f 2d63 6163 6865",
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
            ],
            [
                "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
                "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
            ],
        ])
    func requests(_ samples: [String]) throws {
        var decoder = HPACKDecoder()
        for (index, sample) in samples.enumerated() {
            #expect(try decoder.decode(unhex(sample)) == Self.requests[index])
            #expect(decoder.tableSize == [57, 110, 164][index])
        }
    }

    @Test(
        "three responses, a table of 256 bytes (RFC 7541 C.5 and C.6)",
        arguments: [
            [
                """
                4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
                3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d
                """, "4803 3330 37c1 c0bf",
                """
                88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
                677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
                553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31
                """,
            ],
            [
                """
                4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
                919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3
                """, "4883 640e ffc1 c0bf",
                """
                88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
                821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
                4ee5 b106 3d50 07
                """,
            ],
        ])
    func responses(_ samples: [String]) throws {
        var decoder = HPACKDecoder(tableSizeMax: 256)
        for (index, sample) in samples.enumerated() {
            #expect(try decoder.decode(unhex(sample)) == Self.responses[index])
            #expect(decoder.tableSize == [222, 222, 215][index])
        }
    }

    @Test(
        "what cannot be decoded",
        arguments: [
            ("80", HPACKError.unknownIndex),  // RFC 7541 §6.1: index 0
            ("be", .unknownIndex),  // §2.3.3: beyond both tables
            ("7e 01 61", .unknownIndex),  // the name's index, too
            ("ff ff ff ff ff 0f", .integerTooLarge),  // §5.1
            ("ff 80 80 80 80 80 00", .integerTooLarge),
            ("ff 80", .truncated),
            ("40", .truncated),
            ("40 02 61", .truncated),
            ("40 01 61", .truncated),
            ("40 01 61 03 62 62", .truncated),
            ("04 7f ff ff 7f", .truncated),  // a length far beyond the block
            ("3f e2 1f", .tableTooLarge),  // §6.3: 4097
            ("82 20", .misplacedSizeUpdate),  // §4.2
            ("20 20 20 82", .misplacedSizeUpdate),
            ("40 01 61 81 ff", .badHuffman),  // §5.2: eight ones are no filling
            ("40 01 61 84 ff ff ff ff", .badHuffman),  // the end of string itself
            ("40 01 61 81 18", .badHuffman),  // 'a' and a filling of zeros
        ])
    func refuses(_ sample: String, _ error: HPACKError) {
        var decoder = HPACKDecoder()
        #expect(throws: error) { _ = try decoder.decode(unhex(sample)) }
    }

    @Test("sizes: two updates before the first field, the second is in force (RFC 7541 §4.2)")
    func sizeUpdates() throws {
        var decoder = HPACKDecoder()
        #expect(try decoder.decode(unhex("4001 6101 62")).count == 1)
        #expect(decoder.tableSize == 34)
        #expect(try decoder.decode(unhex("203f e11f 82")) == [PlainField(":method", "GET")])
        #expect(decoder.tableSize == 0)
        #expect(throws: HPACKError.unknownIndex) { _ = try decoder.decode([0xBE]) }
    }

    @Test("what is not wanted is not copied out of the table, and must be there all the same")
    func unwanted() throws {
        var decoder = HPACKDecoder()
        _ = try decoder.decode(unhex("4001 6101 62"))
        let source = ByteBuffer(capacity: 16)
        source.append([0xBE, 0x82, 0xBF])
        let out = ByteBuffer(capacity: 16)
        var cursor = 0
        decoder.begin()
        for _ in 0..<2 {
            let field = try source.withReadable { (bytes) throws(HPACKError) in
                try decoder.next(bytes, at: &cursor, into: out, isWanted: false)
            }
            #expect(field?.name == Slice() && out.isEmpty)
        }
        #expect(throws: HPACKError.unknownIndex) {
            try source.withReadable { (bytes) throws(HPACKError) in
                _ = try decoder.next(bytes, at: &cursor, into: out, isWanted: false)
            }
        }
    }

    @Test("an entry larger than the table empties it, and is a field all the same (RFC 7541 §4.4)")
    func largeEntry() throws {
        var decoder = HPACKDecoder(tableSizeMax: 40)
        #expect(try decoder.decode(unhex("4001 6101 62")).count == 1)
        #expect(try decoder.decode(unhex("7e08 6161 6161 6161 6161")) == [PlainField("a", "aaaaaaaa")])
        #expect(decoder.tableSize == 0)
    }

    @Test("a name of an entry that its field drives out (RFC 7541 §4.4)")
    func nameDrivenOut() throws {
        var decoder = HPACKDecoder(tableSizeMax: 40)
        _ = try decoder.decode(unhex("4002 6162 0162"))
        #expect(
            try decoder.decode(unhex("7e04 6364 6566 be")) == Array(repeating: .init("ab", "cdef"), count: 2))
    }

    @Test("every sample cut off anywhere is an error or fewer fields")
    func cutOff() throws {
        let sample = unhex(
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")
        var starts: Set<Int> = []
        for count in 0..<sample.count {
            var decoder = HPACKDecoder()
            do throws(HPACKError) {
                _ = try decoder.decode(Array(sample[..<count]))
                starts.insert(count)
            } catch {
                #expect(error == .truncated)
            }
        }
        #expect(starts == [0, 1, 2, 3, 17])
    }
}
