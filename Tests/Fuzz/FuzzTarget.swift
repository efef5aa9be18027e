/// Something that does not hold, though it must for every input.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

/// What reads bytes from the network or of the operator's, and what must hold whatever they are.
struct FuzzTarget: Sendable {
    /// The name of its folder in the corpus.
    let name: String
    /// What means something to it.
    let words: [String]
    /// Reads an input; random numbers are those of the input.
    ///
    /// - Throws: `Broken`. A trap, or a read behind the input, ends the process.
    let check: @Sendable (FuzzInput, inout FuzzRandom) throws -> Void

    /// All of them.
    static let all: [FuzzTarget] = [
        requestHead, responseHead, chunked, uri, smallValues, proxyHeader, configuration, directives, pattern,
        hpack, http2, http2Peer, http2Call, json, nameAnswer, parts,
    ]

    /// Reads one input.
    func read(_ bytes: [UInt8], in input: FuzzInput) throws {
        var random = FuzzRandom(of: bytes)
        input.fill(bytes)
        try check(input, &random)
    }

    /// What must hold.
    static func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Broken(description: what()) }
    }

    /// What a message of HTTP/1 is made of.
    static let httpWords = [
        "\r\n", "\n", "\r", "\r\n\r\n", ":", " ", "\t", ",", ";", "=", "\"", "/", "//", "..", "%2e", "%00",
        "?",
        "#", "*", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "GET ", "POST ", "CONNECT ", "http://", "Host: a",
        "Content-Length: ", "Transfer-Encoding: chunked", "Connection: ", "close", "keep-alive", "upgrade",
        "Expect: 100-continue", "0", "00", "-1", "+1", "7fffffffffffffff", "ffffffffffffffff",
        "18446744073709551616", "[::1]", ":80", "@",
    ]
}
