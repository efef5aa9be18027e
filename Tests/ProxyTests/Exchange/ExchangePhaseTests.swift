import Testing

@testable import Proxy

@Suite("Phases of an exchange") struct ExchangePhaseTests {
    typealias Phase = Exchange.Phase

    private static let phases: [Phase] = [
        .receiving, .processing, .delayed(then: .answer(401)), .checkingPassword, .awaitingSubrequest,
        .readingBody, .resolvingName, .awaitingUpstream, .responding, .finished,
    ]
    private static let events: [Phase.Event] = [
        .headArrived, .resumed, .delayed(then: .answer(401)), .askedForPassword, .askedSubrequest,
        .wantedBody, .askedForName, .nameSettled, .sentUpstream,
        .responded, .ended,
    ]
    /// Where each pair leads; every other pair cannot happen.
    private static let legal: [(Phase, Phase.Event, Phase)] = [
        (.receiving, .headArrived, .processing),
        (.receiving, .ended, .finished),
        (.processing, .resumed, .processing),
        (.processing, .delayed(then: .answer(401)), .delayed(then: .answer(401))),
        (.processing, .askedForPassword, .checkingPassword),
        (.processing, .askedSubrequest, .awaitingSubrequest),
        (.processing, .wantedBody, .readingBody),
        (.processing, .responded, .responding),
        (.processing, .ended, .finished),
        (.delayed(then: .answer(401)), .resumed, .processing),
        (.delayed(then: .answer(401)), .ended, .finished),
        (.checkingPassword, .resumed, .processing),
        (.checkingPassword, .ended, .finished),
        (.awaitingSubrequest, .resumed, .processing),
        (.awaitingSubrequest, .ended, .finished),
        (.readingBody, .resumed, .processing),
        (.readingBody, .sentUpstream, .awaitingUpstream),
        (.readingBody, .responded, .responding),
        (.readingBody, .askedForName, .resolvingName),
        (.resolvingName, .nameSettled, .readingBody),
        (.resolvingName, .resumed, .processing),
        (.resolvingName, .ended, .finished),
        (.readingBody, .ended, .finished),
        (.awaitingUpstream, .resumed, .processing),
        (.awaitingUpstream, .responded, .responding),
        (.awaitingUpstream, .ended, .finished),
        (.responding, .ended, .finished),
    ]

    @Test("each pair of phase and event leads where it is to, or nowhere", arguments: phases, events)
    func pair(phase: Phase, event: Phase.Event) {
        let expected = Self.legal.first { $0.0 == phase && $0.1 == event }?.2
        #expect(phase.after(event) == expected)
    }

    @Test("no phase can be left but towards an end", arguments: phases)
    func ends(phase: Phase) {
        guard phase != .finished else { return }
        #expect(phase.after(.ended) == .finished)
    }
}
