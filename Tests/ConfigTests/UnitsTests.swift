import Config
import Testing

@Suite("Units") struct UnitsTests {
    @Test(
        "sizes",
        arguments: [
            ("0", 0), ("10", 10), ("4k", 4096), ("4K", 4096), ("1m", 1_048_576), ("1M", 1_048_576),
            ("1099511627776", 1 << 40), ("1048576m", 1 << 40), ("0010", 10),
        ])
    func sizes(text: String, bytes: Int) {
        #expect(Units.size(text) == bytes)
        #expect(Units.offset(text) == Int64(bytes))
    }

    @Test("only offsets know gigabytes", arguments: ["2g", "2G"])
    func gigabytes(text: String) {
        #expect(Units.offset(text) == 2_147_483_648)
        #expect(Units.size(text) == nil)
    }

    private static let garbage = [
        "", " ", "k", "-1", "+1", "1.5", "1 k", " 1", "1 ", "1kk", "0x10", "1e3", "٣", "１", "1\u{0}",
        "9223372036854775808", "99999999999999999999", "18446744073709551617",
    ]

    @Test("signs, blanks, other digits and what overflows are refused", arguments: garbage)
    func refused(text: String) {
        #expect(Units.size(text) == nil)
        #expect(Units.offset(text) == nil)
        #expect(Units.number(text) == nil)
        #expect(Units.milliseconds(text) == nil)
        #expect(Units.seconds(text) == nil)
    }

    @Test("a unit may overflow too")
    func overflow() {
        #expect(Units.size("9223372036854775807k") == nil)
        #expect(Units.offset("8589934592g") == nil)
        #expect(Units.milliseconds("106751991168d") == nil)
        #expect(Units.milliseconds("9223372036854775s 808ms") == nil)
    }

    @Test("each kind has its bound, long before the numbers' own")
    func bounds() {
        #expect(Units.number("1099511627776") == Units.numberMax)
        #expect(Units.number("1099511627777") == nil)
        #expect(Units.size("1099511627777") == nil)
        #expect(Units.memory("2147483647") == Units.memoryMax)
        #expect(Units.memory("2147483648") == nil)
        #expect(Units.offset("1152921504606846976") == Units.offsetMax)
        #expect(Units.offset("1073741824g") == Units.offsetMax)
        #expect(Units.offset("1152921504606846977") == nil)
        #expect(Units.seconds("1000y") == Units.secondsMax)
        #expect(Units.seconds("1000y 1s") == nil)
        #expect(Units.milliseconds("31536000000s") == Units.secondsMax * 1000)
        #expect(Units.milliseconds("31536000000s 1ms") == nil)
        for text in ["9223372036854775807", "4611686018427387904", "2305843009213693952"] {
            #expect(Units.number(text) == nil && Units.size(text) == nil && Units.offset(text) == nil)
            #expect(Units.milliseconds(text + "ms") == nil && Units.seconds(text) == nil)
        }
    }

    @Test("buffers are bounded together")
    func buffers() throws {
        let buffers = try #require(Units.buffers("8", "4k"))
        #expect(buffers.count == 8 && buffers.size == 4096)
        #expect(Units.buffers("524287", "4k") != nil)
        for (count, size) in [
            ("524289", "4k"), ("0", "4k"), ("8", "0"), ("1099511627776", "1"), ("2", "2147483647"),
            ("x", "1"),
        ] { #expect(Units.buffers(count, size) == nil, "\(count) \(size)") }
    }

    @Test(
        "times in milliseconds",
        arguments: [
            ("0", 0), ("1", 1000), ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000),
            ("1d", 86_400_000), ("1w", 604_800_000), ("1h30m", 5_400_000), ("1h 30m", 5_400_000),
            ("1w 2d  3h 4m 5s 6ms", 788_645_006), ("1h30", 3_630_000), ("1s1ms", 1001),
        ])
    func milliseconds(text: String, value: Int) {
        #expect(Units.milliseconds(text) == value)
    }

    @Test(
        "parts stand from large to small, once each; months and years are for whole seconds",
        arguments: ["30m1h", "1m1m", "1ms1s", "1M", "1y", "m", "1hm", "1hh", "1H", "1 1", "1msx", "1s ms"])
    func refusedMilliseconds(text: String) {
        #expect(Units.milliseconds(text) == nil)
    }

    @Test(
        "times in seconds",
        arguments: [("90", 90), ("1y", 31_536_000), ("1M", 2_592_000), ("1y1M1w", 34_732_800), ("1m", 60)])
    func seconds(text: String, value: Int) {
        #expect(Units.seconds(text) == value)
    }

    @Test("seconds know no milliseconds", arguments: ["1ms", "1M1y"])
    func refusedSeconds(text: String) {
        #expect(Units.seconds(text) == nil)
    }
}
