internal import HTTP

/// `limit_except method … { … }`.
struct MethodRestriction {
    /// Methods that the location's own settings hold for.
    let allowed: MethodSet
    /// What holds for all others.
    let location: Location
}

/// A set of request methods.
struct MethodSet: OptionSet, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ method: Method) { rawValue = 1 << UInt32(method.rawValue) }

    /// The methods that a word of `limit_except` stands for, in any case; `GET` stands for `HEAD` as well.
    ///
    /// - Returns: `nil` for a word that nginx does not know either.
    init?(word: String) {
        let method = Method.recognise(Array(word.uppercased().utf8).span)
        switch method {
        case .other, .connect, .trace: return nil
        case .get: self = [MethodSet(.get), MethodSet(.head)]
        case .head, .post, .put, .delete, .options, .patch, .mkcol, .copy, .move, .propfind, .proppatch,
            .lock, .unlock:
            self = MethodSet(method)
        }
    }
}
