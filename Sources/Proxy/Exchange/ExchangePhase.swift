extension Exchange {
    /// How far an exchange has come. Only `advance` writes it, by what `after` says.
    ///
    ///     receiving ──▶ processing ◀──▶ delayed | checkingPassword | awaitingSubrequest
    ///                     │     ▲
    ///                     ▼     │ error page, internal redirect, failure
    ///       readingBody ◀──▶ resolvingName
    ///            └──▶ awaitingUpstream
    ///
    /// From `processing`, `readingBody` and `awaitingUpstream` it comes to `responding`, and from everywhere
    /// to `finished`. A recycled exchange is made anew, and `receiving`.
    enum Phase: Equatable {
        /// The head is arriving.
        case receiving
        /// Being routed and checked.
        case processing
        /// Waiting for a timer (`auth_delay`, `limit_req`) before it goes on.
        case delayed(then: AfterDelay)
        /// The client's password is being checked in another process.
        case checkingPassword
        /// Another request was made to find out whether this one may go on (`auth_request`).
        case awaitingSubrequest
        /// A handler waits for the request body.
        case readingBody
        /// The name that variables in `proxy_pass` made is being looked up.
        case resolvingName
        /// The upstream has it; no byte of a response went out.
        case awaitingUpstream
        /// The head of the response was given to the client's protocol.
        case responding
        /// The response is complete, or given up.
        case finished

        /// What a delay is for.
        enum AfterDelay: Equatable {
            case answer(UInt16)
            /// With the limits behind the one that delayed it, and with access.
            case goOn
        }

        /// What brings an exchange from one phase to the next.
        enum Event: Equatable {
            /// The head is complete, or refused.
            case headArrived
            /// It is routed or answered here from now on: what was waited for has come, or is of no use.
            case resumed
            case delayed(then: AfterDelay)
            case askedForPassword
            case askedSubrequest
            case wantedBody
            case askedForName
            /// The lookup is over.
            case nameSettled
            case sentUpstream
            case responded
            case ended
        }

        /// The phase that follows.
        ///
        /// - Returns: `nil`: that cannot happen.
        func after(_ event: Event) -> Phase? {
            switch (self, event) {
            case (.finished, .ended): nil  // its stream lets go of it when it ends, and is told once
            case (_, .ended): .finished

            case (.receiving, .headArrived): .processing
            // Nothing of it is known before its head.
            case (.receiving, _): nil
            // A stream makes an exchange for each head.
            case (_, .headArrived): nil

            case (.processing, .resumed): .processing
            case (.processing, .delayed(let next)): .delayed(then: next)
            case (.processing, .askedForPassword): .checkingPassword
            case (.processing, .askedSubrequest): .awaitingSubrequest
            case (.processing, .wantedBody): .readingBody
            case (.processing, .responded): .responding
            // Its content is wanted first, even if there is none.
            case (.processing, .sentUpstream), (.processing, .askedForName), (.processing, .nameSettled): nil

            // Whoever waits is woken first, and goes on as if it had not waited.
            case (.delayed, .resumed), (.checkingPassword, .resumed), (.awaitingSubrequest, .resumed):
                .processing
            case (.delayed, _), (.checkingPassword, _), (.awaitingSubrequest, _): nil

            case (.readingBody, .resumed): .processing
            case (.readingBody, .sentUpstream): .awaitingUpstream
            case (.readingBody, .responded): .responding
            case (.readingBody, .askedForName): .resolvingName
            case (.readingBody, .nameSettled): nil  // nothing was asked
            // Checks come before the content.
            case (.readingBody, .delayed), (.readingBody, .askedForPassword),
                (.readingBody, .askedSubrequest), (.readingBody, .wantedBody):
                nil

            // Its content may turn out to be unreadable meanwhile.
            case (.resolvingName, .resumed): .processing
            case (.resolvingName, .nameSettled): .readingBody
            // Whoever waits is woken first, and goes on as if it had not waited.
            case (.resolvingName, _): nil

            case (.awaitingUpstream, .resumed): .processing
            case (.awaitingUpstream, .responded): .responding
            // Another target, or a check, is the matter of another turn through the phases.
            case (.awaitingUpstream, .delayed), (.awaitingUpstream, .askedForPassword),
                (.awaitingUpstream, .askedSubrequest), (.awaitingUpstream, .wantedBody),
                (.awaitingUpstream, .askedForName), (.awaitingUpstream, .nameSettled),
                (.awaitingUpstream, .sentUpstream):
                nil

            // What the client has been given cannot be taken back.
            case (.responding, _), (.finished, _): nil
            }
        }
    }
}
