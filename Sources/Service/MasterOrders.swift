internal import Config
internal import Net
internal import Proxy

/// A worker's end of what it and its master say to each other.
final class MasterOrders: WorkerOrders {
    private let control: ControlChannel
    /// The words of the command line, for configurations to come.
    private let request: LoadRequest
    /// Of an order that is not complete.
    private var descriptors: [Int32] = []

    init(_ control: ControlChannel, _ request: LoadRequest) {
        self.control = control
        self.request = request
    }

    var fd: Int32 { control.fd }

    func obey(by worker: Worker) {
        while true {
            switch control.receive() {
            case .nothing: return
            case .closed: return worker.masterIsGone()
            case .message(let words, let handed):
                descriptors += handed
                if let count = Order.socketCount(ofLoad: words) { load(socketCount: count, worker) }
            }
        }
    }

    private func load(socketCount: Int, _ worker: Worker) {
        let handed = descriptors
        descriptors = []
        do throws(ConfigError) {
            try load(handed, socketCount: socketCount, worker)
            try? control.send(Order.done)
        } catch {
            worker.configuration.errorLog.write(
                .error, connection: nil, "the new configuration cannot be loaded: \(error.description)")
            try? control.send(Order.failed(error.description))
        }
    }

    private func load(_ handed: [Int32], socketCount: Int, _ worker: Worker) throws(ConfigError) {
        guard let bundle = handed.first, socketCount >= 0, handed.count > socketCount else {
            for fd in handed { Socket.close(fd) }
            throw ConfigError("the reload lacks descriptors")
        }
        defer { Socket.close(bundle) }
        let sockets = Array(handed[1..<(1 + socketCount)])
        do throws(ConfigError) {
            let files = try ConfigurationFiles(
                bytes: try MasterOrders.read(bundle), descriptors: Array(handed.dropFirst(1 + socketCount)),
                former: worker.configuration.files)
            let next = try Configuration.load(request, files: files)
            guard next.listeners.count == sockets.count else {
                throw ConfigError("the configuration listens on other addresses than the master's")
            }
            try next.openAccessLogs()
            worker.adopt(next, sockets)
        } catch {
            for fd in sockets { Socket.close(fd) }
            throw error
        }
    }

    private static func read(_ fd: Int32) throws(ConfigError) -> [UInt8] {
        do throws(Errno) {
            return try MemoryFile.read(fd)
        } catch {
            throw ConfigError("reading the bundle failed \(error.logText)")
        }
    }
}
