internal import Core

/// The messages of `grpc.health.v1.Health/Check`, with the five bytes that gRPC puts in front of each.
public enum GRPCHealth {
    /// What a service says of itself.
    public enum Serving: UInt64, Sendable {
        case unknown = 0
        case serving = 1
        case notServing = 2
        case serviceUnknown = 3

        /// Its name in the protocol.
        public var name: String {
            switch self {
            case .unknown: "UNKNOWN"
            case .serving: "SERVING"
            case .notServing: "NOT_SERVING"
            case .serviceUnknown: "SERVICE_UNKNOWN"
            }
        }
    }

    /// The method's path.
    public static var path: String { "/grpc.health.v1.Health/Check" }

    /// The question how a service is; an empty name is the whole server's.
    public static func request(service: [UInt8]) -> [UInt8] {
        var message: [UInt8] = []
        if !service.isEmpty {
            // Field 1, bytes.
            message.append(0x0A)
            var count = service.count
            while count > 0x7F {
                message.append(UInt8(truncatingIfNeeded: count) | 0x80)
                count >>= 7
            }
            message.append(UInt8(truncatingIfNeeded: count))
            message += service
        }
        let size = UInt32(clamping: message.count)
        return [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } + message
    }

    /// What an answer says; `nil`: it is none.
    public static func answer(_ content: [UInt8]) -> Serving? {
        guard content.count >= 5, content[0] == 0 else { return nil }
        var size = 0
        for byte in content[1..<5] { size = size << 8 | Int(byte) }
        guard content.count == 5 + size else { return nil }
        var reader = MessageReader(bytes: content[5...])
        // A field that is not there has its first value.
        var status: UInt64 = 0
        while !reader.bytes.isEmpty {
            guard let tag = reader.number() else { return nil }
            if tag == 1 << 3 {
                guard let value = reader.number() else { return nil }
                status = value
            } else if !reader.skip(tag & 7) {
                return nil
            }
        }
        return Serving(rawValue: status)
    }

    /// A message of protocol buffers, field by field.
    private struct MessageReader {
        var bytes: ArraySlice<UInt8>

        /// A number of at most 64 bits.
        mutating func number() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = bytes.popFirst() else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return value }
            }
            return nil
        }

        /// Passes over a field that nobody asked for.
        mutating func skip(_ kind: UInt64) -> Bool {
            switch kind {
            case 0: return number() != nil
            case 1: return drop(8)
            case 2: return number().map { drop($0) } ?? false
            case 5: return drop(4)
            default: return false
            }
        }

        private mutating func drop(_ count: UInt64) -> Bool {
            guard count <= UInt64(bytes.count) else { return false }
            bytes = bytes.dropFirst(Int(count))
            return true
        }
    }
}
