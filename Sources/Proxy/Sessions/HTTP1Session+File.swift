internal import Core
internal import HTTP
internal import Net

/// Content that comes from a file.
extension HTTP1Session {
    /// Sends a part of a file, then ends the response.
    func send(_ file: FileContent) {
        exchange?.fileContent = file
        continueFile()
    }

    /// Sends as much of the file as the socket takes.
    ///
    /// The kernel copies it to a plain socket; for TLS and chunks it passes through the read buffer.
    func continueFile() {
        while let exchange, var file = exchange.fileContent {
            guard file.remaining > 0 else {
                exchange.fileContent = nil
                return end(exchange)
            }
            let shared = worker.relay
            shared.removeAll()
            let count = Int(min(file.remaining, 64 << 10))
            guard case .bytes(let read) = file.file.read(into: shared, at: file.offset, count: count),
                read > 0
            else {
                worker.log(.alert, exchange, "read() of a file failed or it was truncated")
                exchange.fileContent = nil
                return abandon()
            }
            file.offset += Int64(read)
            file.remaining -= Int64(read)
            exchange.fileContent = file
            send(shared, of: exchange)
            guard self.exchange === exchange, exchange.fileContent != nil else { return }
            if isBlocked { return }
        }
    }
}
