/// What a request is counted and logged as, where its status does not say it. Forgotten by one assignment,
/// when it has been counted.
struct Accounting {
    /// The zone of the server that it is counted in as under way.
    var serverZone: Int?
    /// The last attempt at a server that failed.
    var lastFailure: EndReason.UpstreamFailure?
    /// The status that a gRPC answer made here stands for; its own says nothing.
    var meantStatus: UInt16?
    /// What went wrong, where the status does not say it.
    var fault: EndReason?
}
