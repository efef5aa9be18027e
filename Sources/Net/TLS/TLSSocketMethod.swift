internal import COpenSSL

/// The socket as OpenSSL sees it: reads are the socket's, writes are gathered until `TLSConnection.flush`.
///
/// Records that belong together (a flight of the handshake, tickets and the first response, the last
/// response and close_notify, many records of a long response) leave in one system call. OpenSSL's own
/// `BIO_s_socket` makes one of each; in a full handshake with one request these were five, and are two.
final class TLSSocketMethod {
    private static let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK

    /// `nil` if memory ran out.
    private let method: OpaquePointer?

    init() {
        method = BIO_meth_new(TLSSocketMethod.kind, "socket")
        guard let method else { return }
        BIO_meth_set_read(method) { bio, target, count in
            guard let bio, let target, count > 0, let connection = TLSSocketMethod.connection(of: bio) else {
                return -1
            }
            // In bounds: OpenSSL offers `count` bytes from `target` on (BIO_meth_set_read(3)).
            return connection.read(into: UnsafeMutableRawBufferPointer(start: target, count: Int(count)), bio)
        }
        BIO_meth_set_write(method) { bio, source, count in
            guard let bio, let source, count > 0, let connection = TLSSocketMethod.connection(of: bio) else {
                return -1
            }
            // In bounds: OpenSSL gives `count` bytes from `source` on (BIO_meth_set_write(3)).
            connection.gather(UnsafeRawBufferPointer(start: source, count: Int(count)))
            return count
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            // What is gathered leaves with `flush`; OpenSSL need not wait for that.
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: BIO_test_flags(bio, BIO_FLAGS_IN_EOF) == 0 ? 0 : 1
            default: 0
            }
        }
    }

    // Connections hold the context that holds this, and free their BIO first.
    deinit { BIO_meth_free(method) }

    /// Makes `ssl` read and write through `connection`.
    func attach(_ ssl: OpaquePointer, to connection: TLSConnection) -> Bool {
        guard let method, let bio = BIO_new(method) else { return false }
        BIO_set_data(bio, Unmanaged.passUnretained(connection).toOpaque())
        BIO_set_init(bio, 1)
        // One BIO for both directions takes one reference.
        SSL_set_bio(ssl, bio, bio)
        return true
    }

    private static func connection(of bio: OpaquePointer) -> TLSConnection? {
        BIO_get_data(bio).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }
}
