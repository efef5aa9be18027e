internal import Status

/// Why a change of a server is refused, in the words and codes of the commercial API.
struct ServerChangeError: Error, Equatable {
    /// The answer's status.
    let status: UInt16
    /// For people.
    let text: String
    /// For programs.
    let code: String

    /// The body is no JSON.
    static var malformed: ServerChangeError {
        ServerChangeError(status: 415, text: "json error", code: "JsonError")
    }

    /// It is JSON, and not the description of a server.
    static func format(_ text: String) -> ServerChangeError {
        ServerChangeError(status: 400, text: text, code: "UpstreamConfFormatError")
    }

    /// A value of the right type that is not possible.
    static func value(_ name: String, _ code: String) -> ServerChangeError {
        ServerChangeError(status: 400, text: "invalid \"\(name)\"", code: code)
    }

    /// There are too many servers already.
    static var full: ServerChangeError {
        ServerChangeError(
            status: 507, text: "no room for the upstream's servers", code: "UpstreamOutOfMemory")
    }

    /// The answer that says so.
    var answer: StatusAPI.Answer { StatusAPI.error(status, text, code) }
}
