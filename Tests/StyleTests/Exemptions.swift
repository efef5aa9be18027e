/// Where a rule does not hold, and why. An exemption that is no longer needed fails its test.
enum Exemptions {
    /// Files that may say `Unsafe…`: each checks its bounds where the pointer is used.
    static let unsafe: [String: String] = [
        "Sources/Core/ByteBuffer.swift": "memchr over its own storage, bounds taken from the storage",
        "Sources/Net/": "system calls and OpenSSL take pointers; bounds are checked at each call",
        "Sources/Service/": "system calls take pointers",
    ]

    /// Files longer than 500 lines.
    static let longFiles: [String: String] = [:]

    /// Functions longer than 70 lines, by `path: start of the declaration`.
    static let longFunctions: [String: String] = [:]

    /// Functions with more than six parameters, by `path: start of the declaration`.
    static let manyParameters: [String: String] = [
        "Sources/Config/Directive.swift: init": "a row of a table: each part of it is one column"
    ]

    /// Lines wider than 110 columns, by path.
    static let wideLines: [String: String] = [
        "Sources/portico/DefaultConfiguration.swift": "it is a configuration file word for word",
        "Sources/Proxy/Settings/ProxySettings+Rows.swift": "a directive's arguments are one line in its help",
        "Sources/Proxy/Settings/ServerSettings+Rows.swift":
            "a directive's arguments are one line in its help",
    ]

    /// Type names with a banned word.
    static let names: [String: String] = [
        "struct Context:": "nginx's documentation calls the blocks of a directive its context",
        "class TLSClientContext": "OpenSSL's noun for it: SSL_CTX",
        "class TLSServerContext": "OpenSSL's noun for it: SSL_CTX",
    ]

    /// Imports outside the table, by `path: module`.
    static let imports: [String: String] = [
        "Sources/Core/ByteBuffer.swift: Glibc": "memchr is three times a loop's speed"
    ]

    /// Classes with more than two stored Bools.
    static let flags: [String: String] = [
        "RequestHead": "what a head says, each thing by itself",
        "TLSConnection": "what OpenSSL and the socket have said; none follows from the others",
        "Transport": "epoll's readiness, one bit for each way, and what the socket is told",
        "Response": "which fields an upstream gave itself",
        "ConfigurationBuilder": "what was seen in the files so far",
    ]

    /// Names that nothing in the product says.
    static let unused: [String: String] = [
        "endIndex": "a collection has one",
        "hash(into:": "dictionaries call it",
        "markdown": "the reference's table is made of it, by the test that compares the two",
    ]

    static func covers(_ list: [String: String], _ path: String) -> Bool {
        list.keys.contains { path == $0 || ($0.hasSuffix("/") && path.hasPrefix($0)) }
    }
}
