import Core
import HTTP
import Testing

@Suite("gRPC's words") struct GRPCTests {
    @Test(
        "a timeout is at most eight digits and a unit, and is rounded up",
        arguments: [
            ("1S", 1000), ("0m", 0), ("100m", 100), ("1u", 1), ("1000u", 1), ("1001u", 2), ("999999n", 1),
            ("1000001n", 2), ("2M", 120_000), ("1H", 3_600_000), ("99999999H", 359_999_996_400_000),
        ])
    func timeouts(text: String, ms: Int) {
        #expect(GRPCTimeout.milliseconds(Array(text.utf8).span) == ms)
    }

    @Test(
        "what is no timeout is none",
        arguments: ["", "1", "S", "1s", "-1S", "+1S", "1 S", "123456789S", "1SS"])
    func badTimeouts(text: String) { #expect(GRPCTimeout.milliseconds(Array(text.utf8).span) == nil) }

    @Test(
        "an HTTP status stands for what gRPC's table says",
        arguments: [
            (400, 13), (401, 16), (403, 7), (404, 12), (429, 14), (502, 14), (503, 14), (504, 14), (500, 2),
            (413, 2), (494, 13),
        ] as [(UInt16, UInt8)])
    func statuses(http: UInt16, code: UInt8) {
        #expect(GRPCStatus(httpStatus: http).rawValue == code)
    }

    @Test("calls are known by their type")
    func types() {
        func isCall(_ text: String) -> Bool { GRPCStatus.isCall(contentType: Array(text.utf8).span) }
        for text in ["application/grpc", "Application/GRPC+proto", "application/grpc; charset=x"] {
            #expect(isCall(text))
        }
        for text in ["", "application/grp", "application/grpc-web", "application/grpcx", "text/html"] {
            #expect(!isCall(text))
        }
    }

    @Test("the question how a service is has its name, and a length in front")
    func healthRequest() {
        #expect(GRPCHealth.request(service: []) == [0, 0, 0, 0, 0])
        #expect(GRPCHealth.request(service: [97, 98]) == [0, 0, 0, 0, 4, 0x0A, 2, 97, 98])
        let long = GRPCHealth.request(service: [UInt8](repeating: 97, count: 200))
        #expect(Array(long.prefix(8)) == [0, 0, 0, 0, 203, 0x0A, 0xC8, 0x01])
    }

    @Test(
        "an answer is read whatever else it holds",
        arguments: [
            ([0, 0, 0, 0, 2, 8, 1], .serving), ([0, 0, 0, 0, 2, 8, 2], .notServing),
            ([0, 0, 0, 0, 0], .unknown), ([0, 0, 0, 0, 6, 0x12, 2, 7, 7, 8, 1], .serving),
            ([0, 0, 0, 0, 3, 8, 0x81, 0], .serving), ([0, 0, 0, 0, 2, 8, 3], .serviceUnknown),
        ] as [([UInt8], GRPCHealth.Serving)])
    func healthAnswers(content: [UInt8], serving: GRPCHealth.Serving) {
        #expect(GRPCHealth.answer(content) == serving)
    }

    @Test(
        "what is no answer is none, however it is cut",
        arguments: [
            [], [0, 0, 0, 0], [1, 0, 0, 0, 2, 8, 1], [0, 0, 0, 0, 3, 8, 1], [0, 0, 0, 0, 1, 8],
            [0, 0, 0, 0, 2, 8, 9], [0, 255, 255, 255, 255, 8], [0, 0, 0, 0, 2, 0x12, 9],
            [0, 0, 0, 0, 2, 0x0B, 1], [0, 0, 0, 0, 1, 0x80],
            [0, 0, 0, 0, 11] + [UInt8](repeating: 0xFF, count: 11),
            [0, 0, 0, 0, 12, 0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0],
        ] as [[UInt8]])
    func badHealthAnswers(content: [UInt8]) { #expect(GRPCHealth.answer(content) == nil) }
}
