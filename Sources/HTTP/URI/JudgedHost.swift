internal import Core

/// The host that was judged last and found valid, if it is short.
///
/// A client names the same host with each of its requests: to compare it takes 40 instructions, to judge it
/// and to write its name in small letters 400.
struct JudgedHost {
    /// Longer ones are not kept: how long they are, their senders choose.
    private static var countMax: Int { 64 }

    /// The host as it was sent, and behind that what `name` is.
    private let bytes = ByteBuffer(capacity: 0)
    private var count = 0

    /// The host without its port, in small letters; `nil`: it was not kept.
    var name: Slice? { count > 0 ? Slice(from: count, to: bytes.count) : nil }

    /// Appends the name.
    func appendName(to out: ByteBuffer) {
        if let name { out.append(name, of: bytes) }
    }

    /// Whether `host` is valid; if it is, `name` is its name.
    mutating func isValid(_ host: Span<UInt8>) -> Bool {
        if count > 0, count == host.count, bytes.begins(with: host) { return true }
        forget()
        guard HostName.isValid(host) else { return false }
        guard host.count <= JudgedHost.countMax else { return true }
        bytes.append(host)
        count = host.count
        HostName.appendName(of: Slice(from: 0, to: count), in: bytes, to: bytes)
        return true
    }

    /// Another host was not judged here.
    mutating func forget() {
        bytes.removeAll()
        count = 0
    }
}
