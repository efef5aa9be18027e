import Core
import Status

@testable import Status

extension JSON {
    /// As it is sent.
    var text: String {
        let out = ByteBuffer(capacity: 64)
        write(to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
