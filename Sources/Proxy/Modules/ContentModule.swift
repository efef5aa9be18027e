internal import Config

/// What answers all requests of a location by itself: files, `status`, `readiness`.
///
/// To add one, write `Modules/<Name>.swift` with its handler, its value of this type and its directive, and
/// name the directive in `directives`.
final class ContentModule: Sendable {
    typealias Handler = @Sendable (Exchange) -> Outcome
    typealias Preparation = @Sendable (Block) throws(ConfigError) -> Void

    /// The directives that give a location its handler.
    static var directives: [Directive<Block>] {
        [
            StubStatus.directive, StatusAnswers.directive, StatusAnswers.directiveAPI, Readiness.directive,
            EmptyGIF.directive, FLV.directive,
        ]
    }

    /// Answered also where `worker_connections` or descriptors have run out: who looks after the service, or
    /// asks whether it is alive, must not be locked out by its clients.
    let hasReserve: Bool
    /// Called once the location is complete: refuses it, or makes ready what the handler needs.
    let prepare: Preparation
    let handle: Handler
    /// Goes on when the content is here that `handle` has asked for.
    let goOn: Handler

    init(
        hasReserve: Bool, prepare: @escaping Preparation = { _ in }, handle: @escaping Handler,
        goOn: @escaping Handler = { _ in .status(500) }
    ) {
        self.hasReserve = hasReserve
        self.prepare = prepare
        self.handle = handle
        self.goOn = goOn
    }
}
