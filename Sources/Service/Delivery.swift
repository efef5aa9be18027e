internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// A configuration on its way to the workers that are running.
struct Delivery {
    /// How long a worker may take to build it.
    static var patienceMs: Int64 { 5000 }

    /// What one worker made of it.
    enum Outcome {
        case adopted
        /// It goes on with the old one, or did not answer.
        case failed(String)
    }

    private let bundle: Int32
    private let files: ConfigurationFiles

    /// - Throws: if there is no memory for the bundle.
    init(_ configuration: Configuration) throws(ConfigError) {
        files = configuration.files
        do throws(Errno) {
            bundle = try MemoryFile.make(files.encoded)
        } catch {
            throw ConfigError("the bundle for workers failed \(error.logText)")
        }
    }

    func close() { Socket.close(bundle) }

    /// Hands it to a worker with the sockets that it listens on.
    func send(to channel: ControlChannel, sockets: [Int32]) throws(Errno) {
        var rest = ([bundle] + sockets + files.handed)[...]
        while !rest.isEmpty {
            let part = rest.prefix(ControlChannel.descriptorsMax)
            rest = rest.dropFirst(part.count)
            try channel.send(Order.descriptors, descriptors: Array(part))
        }
        try channel.send(Order.load(sockets: sockets.count))
    }

    /// Waits for a worker's answer.
    func answer(from channel: ControlChannel, until deadlineMs: Int64, clock: Clock) -> Outcome {
        while true {
            clock.update()
            let left = deadlineMs - clock.nowMs
            // One that does not answer leaves no time; what the others have answered is there.
            guard channel.wait(timeoutMs: Int32(clamping: max(left, 0))) else {
                return .failed("it did not answer in time")
            }
            switch channel.receive() {
            case .message(let bytes, let descriptors):
                for fd in descriptors { Socket.close(fd) }
                if bytes == Order.done { return .adopted }
                return .failed(String(decoding: bytes.dropFirst(), as: UTF8.self))
            case .nothing: continue
            case .closed: return .failed("it is gone")
            }
        }
    }
}

extension MainSettings {
    /// Whether a worker that was forked under `self` can go on under `next`: what it took on when it
    /// began cannot be changed.
    func allowsReloadInPlace(_ next: MainSettings) -> Bool {
        user == next.user && group == next.group && workerProcesses == next.workerProcesses
            && workerFileLimit == next.workerFileLimit && workerPriority == next.workerPriority
            && workingDirectory == next.workingDirectory
            && (bindsTransparently || !next.bindsTransparently)
            && (0..<workerProcesses).allSatisfy { cpuMask(forWorker: $0) == next.cpuMask(forWorker: $0) }
    }
}
