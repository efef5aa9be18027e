internal import Core
internal import HTTP
internal import Upstream

/// What the answer to a health check of gRPC says: `type=grpc`.
enum GRPCVerdict {
    /// Judges a call that was answered.
    ///
    /// - Parameter expected: what it must have come to; `nil`: an answer that says `SERVING`.
    static func of(_ call: HTTP2Call, expected: Int?) -> (HealthRecord.Answer, String) {
        guard call.head.status == 200 else { return (.failed, "\(call.head.status)") }
        guard let status = status(of: call) else { return (.failed, "no grpc-status") }
        let wanted = expected ?? 0
        guard status == wanted else { return (.failed, "grpc-status \(status)") }
        guard wanted == 0 else { return (.passed, "grpc-status \(status)") }
        guard let serving = GRPCHealth.answer(call.content) else { return (.failed, "no health") }
        return (serving == .serving ? .passed : .failed, serving.name)
    }

    /// Behind the content, or in the head if there is nothing else.
    private static func status(of call: HTTP2Call) -> Int? {
        let trailers = TrailerSection()
        trailers.append(lines: 0..<call.trailers.count, of: call.trailers)
        trailers.complete()
        return status(trailers.fields, trailers.bytes) ?? status(call.head.fields, call.head.bytes)
    }

    private static func status(_ fields: FieldList, _ bytes: ByteBuffer) -> Int? {
        let field = fields.first {
            $0.known == .other && bytes.equalsIgnoringCase($0.name, "grpc-status")
        }
        return field.flatMap { Int(bytes.string(of: $0.value)) }
    }
}
