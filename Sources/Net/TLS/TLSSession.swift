internal import COpenSSL

/// A session that a later connection to the same peer, under the same settings, may resume.
public final class TLSSession {
    let session: OpaquePointer

    /// Takes the caller's count on `session` over.
    init(taking session: OpaquePointer) {
        self.session = session
    }

    deinit { SSL_SESSION_free(session) }
}
