internal import COpenSSL

/// What an operator wants to know of a certificate that is served.
public struct CertificateFacts: Sendable, Equatable {
    /// The file that it came from, or "self-signed".
    public let file: String
    /// The DNS names and addresses that it is for; the subject's common name if it has none.
    public let names: [String]
    /// Seconds until its time is over; negative: since it was.
    public let secondsLeft: Int

    init(_ certificate: OpaquePointer, file: String) {
        self.file = file
        names = CertificateFacts.names(certificate)
        var days: Int32 = 0
        var seconds: Int32 = 0
        let isKnown = ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate)) == 1
        secondsLeft = isKnown ? Int(days) * 86400 + Int(seconds) : 0
        ERR_clear_error()
    }

    /// Its time is over, or will be soon: what to tell the operator; `nil`: nothing yet.
    public var expiryWarning: String? {
        if secondsLeft < 0 { return "certificate \"\(file)\" has expired" }
        let days = secondsLeft / 86400
        guard days < CertificateFacts.warningDays else { return nil }
        return "certificate \"\(file)\" expires in \(days) day\(days == 1 ? "" : "s")"
    }

    /// Days before the end from which it is warned of.
    static var warningDays: Int { 14 }

    private static func names(_ certificate: OpaquePointer) -> [String] {
        guard let extensionBytes = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else {
            return commonName(certificate).map { [$0] } ?? []
        }
        let list = OpaquePointer(extensionBytes)
        defer { portico_names_free(list) }
        return (0..<portico_names_count(list)).compactMap { index in
            portico_names_at(list, index).flatMap(text)
        }
    }

    private static func text(_ name: UnsafeMutablePointer<GENERAL_NAME>) -> String? {
        var type: Int32 = 0
        guard let value = GENERAL_NAME_get0_value(name, &type) else { return nil }
        let string = UnsafePointer(value.assumingMemoryBound(to: ASN1_STRING.self))
        guard let start = ASN1_STRING_get0_data(string) else { return nil }
        let bytes = Array(UnsafeBufferPointer(start: start, count: max(0, Int(ASN1_STRING_length(string)))))
        switch type {
        case GEN_DNS: return String(decoding: bytes, as: UTF8.self)
        case GEN_IPADD where bytes.count == 4: return bytes.map { "\($0)" }.joined(separator: ".")
        default: return nil
        }
    }

    private static func commonName(_ certificate: OpaquePointer) -> String? {
        guard let subject = X509_get_subject_name(certificate) else { return nil }
        var text = [CChar](repeating: 0, count: 256)
        let count = X509_NAME_get_text_by_NID(subject, NID_commonName, &text, Int32(text.count))
        guard count > 0 else { return nil }
        return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension TLSServerContext {
    /// The certificates that it serves, one a key type.
    public var certificates: [CertificateFacts] {
        var facts: [CertificateFacts] = []
        forEachCertificate { certificate in
            let file = certificateFiles[TLSCertificate.fingerprint(certificate)] ?? "self-signed"
            facts.append(CertificateFacts(certificate, file: file))
        }
        return facts
    }

    /// One of its certificates is for this host.
    public func covers(_ name: String) -> Bool {
        var isCovered = false
        forEachCertificate { certificate in
            if X509_check_host(certificate, name, name.utf8.count, 0, nil) == 1 { isCovered = true }
        }
        ERR_clear_error()
        return isCovered
    }

    func forEachCertificate(_ body: (OpaquePointer) -> Void) {
        var isFirst: Int32 = 1
        while portico_ssl_ctx_next_certificate(context, isFirst) == 1 {
            isFirst = 0
            if let certificate = SSL_CTX_get0_certificate(context) { body(certificate) }
        }
    }
}
