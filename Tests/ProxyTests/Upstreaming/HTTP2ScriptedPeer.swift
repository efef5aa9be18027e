import Core
import HTTP

@testable import Proxy

/// What a gateway that a test plays reads and says on a connection of HTTP/2.
final class HTTP2ScriptedPeer {
    /// A request as it came.
    struct Request: Equatable {
        var fields: [String] = []
        var content: [UInt8] = []
        var isWhole = false
        var resetCode: HTTP2ErrorCode?
        var isReset: Bool { resetCode != nil }
    }

    let connection: ScriptedGateway.Connection
    private var readCount = 0
    private var decoder = HPACKDecoder()
    private var encoder = HPACKEncoder()
    private(set) var requests: [UInt32: Request] = [:]
    /// The kinds of frames that are about the connection.
    private(set) var others: [FrameKind] = []
    /// How far windows were opened, by stream.
    private(set) var windows: [UInt32: Int] = [:]
    let out = ByteBuffer(capacity: 64)

    init(_ connection: ScriptedGateway.Connection) { self.connection = connection }

    /// Takes what has come.
    func read() {
        connection.read()
        if readCount == 0 { readCount = HTTP2Connection.preface.utf8CodeUnitCount }
        while true {
            let rest = connection.received.dropFirst(readCount)
            guard let header = Array(rest).withUnsafeBufferPointer({ FrameHeader.read($0.span) }),
                rest.count >= 9 + header.length
            else { return }
            take(header, Array(rest.dropFirst(9).prefix(header.length)))
            readCount += 9 + header.length
        }
    }

    private func take(_ header: FrameHeader, _ payload: [UInt8]) {
        var request = requests[header.streamID] ?? Request()
        switch header.kind {
        case .headers: request.fields = fields(payload)
        case .data: request.content += payload
        case .resetStream:
            request.resetCode = HTTP2ErrorCode(rawValue: payload.reduce(0) { $0 << 8 | UInt32($1) })
        case .windowUpdate:
            windows[header.streamID, default: 0] += payload.reduce(0) { $0 << 8 | Int($1) }
            return others.append(header.kind)
        default: return others.append(header.kind)
        }
        if header.kind != .resetStream, header.flags.contains(.endStream) { request.isWhole = true }
        requests[header.streamID] = request
    }

    private func fields(_ block: [UInt8]) -> [String] {
        let source = ByteBuffer(capacity: 16)
        source.append(block)
        let out = ByteBuffer(capacity: 16)
        var texts: [String] = []
        var cursor = 0
        decoder.begin()
        while let field = source.withReadable({ try? decoder.next($0, at: &cursor, into: out) }) {
            texts.append("\(out.string(of: field.name)): \(out.string(of: field.value))")
        }
        return texts
    }

    // MARK: What it says, with the next `say`

    func settings(_ values: [(HTTP2Setting, UInt32)] = []) { FrameWriter.settings(values, to: out) }

    func head(_ stream: UInt32, _ fields: [(String, String)] = [(":status", "200")], isLast: Bool = false) {
        let block = ByteBuffer(capacity: 16)
        encoder.begin(block)
        for (name, value) in fields {
            let source = ByteBuffer(capacity: 16)
            source.append(name)
            source.append(value)
            let middle = name.utf8.count
            let field = Field(
                name: Slice(from: 0, to: middle), value: Slice(from: middle, to: source.count), known: .other)
            encoder.append(field, of: source, .adaptive, to: block)
        }
        FrameWriter.headers(block, on: stream, isLast: isLast, sizeMax: 16_384, to: out)
    }

    func content(_ stream: UInt32, _ text: String, isLast: Bool = true) {
        let content = ByteBuffer(capacity: 16)
        content.append(text)
        FrameWriter.data(
            Slice(from: 0, to: content.count), of: content, on: stream, isLast: isLast, to: out)
    }

    func answer(_ stream: UInt32, _ text: String) {
        head(stream)
        content(stream, text)
    }

    func reset(_ stream: UInt32, _ code: HTTP2ErrorCode) { FrameWriter.reset(stream, code, to: out) }

    func goAway(_ last: UInt32) { FrameWriter.goAway(last, .noError, to: out) }

    /// What is to be said; nothing after that.
    func take() -> [UInt8] {
        defer { out.removeAll() }
        return out.bytes
    }
}
