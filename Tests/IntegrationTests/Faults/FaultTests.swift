import Testing

/// Failover under load: everything that can be killed is killed while clients look on.
///
/// One at a time: each test needs the machine for itself.
@Suite("Faults", .serialized) struct FaultTests {}
