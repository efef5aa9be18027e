internal import Core
internal import Glibc

/// One query over TCP, for an answer that no datagram holds: RFC 7766. It never waits, and is closed with the
/// object.
final class DNSStream {
    /// How far it has come.
    enum Progress {
        case pending
        case answered([UInt8])
        /// The connection is refused, broken or ended.
        case failed
    }

    let fd: Int32
    /// What is still to be sent: the length of the query in two bytes, and the query.
    private var output: ArraySlice<UInt8>
    /// What has come: the same of the response.
    private var input: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 4096)

    /// Begins to connect.
    ///
    /// - Parameter query: at most 65,535 bytes.
    init(_ query: [UInt8], to server: SocketAddress) throws(Errno) {
        switch Socket.connect(server, from: nil) {
        case .connected(let made), .inProgress(let made): fd = made
        case .failed(let error): throw error
        }
        let size = UInt16(clamping: query.count)
        output = ([UInt8(size >> 8), UInt8(size & 0xFF)] + query)[...]
    }

    deinit { close(fd) }

    /// It waits for room, or for its connection.
    var wantsToSend: Bool { !output.isEmpty }

    /// Sends and receives what can be now.
    func advance() -> Progress {
        while !output.isEmpty {
            let rest = output
            switch Socket.send(fd, rest.span) {
            case .bytes(let count): output = output.dropFirst(count)
            case .wouldBlock: return .pending
            case .closed, .failed: return .failed
            }
        }
        while true {
            switch Socket.receive(fd, into: &chunk) {
            case .bytes(let count):
                input += chunk.prefix(count)
                if let message { return .answered(message) }
            case .wouldBlock: return .pending
            case .closed, .failed: return .failed
            }
        }
    }

    /// The whole response, once it is there.
    private var message: [UInt8]? {
        guard input.count >= 2 else { return nil }
        let length = Int(input[0]) << 8 | Int(input[1])
        return input.count >= 2 + length ? Array(input[2..<2 + length]) : nil
    }
}
