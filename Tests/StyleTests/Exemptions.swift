/// Where a rule does not hold, and why. An exemption that is no longer needed fails its test.
enum Exemptions {
    /// Files that may say `Unsafe…`: each checks its bounds where the pointer is used.
    static let unsafe: [String: String] = [
        "Sources/Core/ByteBuffer.swift": "the bytes of all the others: bounds are taken from its own storage",
        "Sources/Core/UniqueArray.swift": "an array of its own: every index is checked against its count",
        "Sources/Net/ContentCoder.swift": "zlib takes pointers: no more than the two buffers have",
        "Sources/Net/Crypto/SystemCrypt.swift": "crypt(3) wants 32 KiB, too many for the stack",
        "Sources/Net/DNS/DNSSocket.swift": "datagrams and their addresses, in one call",
        "Sources/Net/FileAccess.swift": "realpath(3) allocates what it returns",
        "Sources/Net/FileAccess+Bytes.swift": "read and written for all other files",
        "Sources/Net/NotifySocket.swift": "the address of a socket that systemd names",
        "Sources/Net/OpenedDirectory.swift": "names end with a zero, as the system writes them",
        "Sources/Net/ProcessTitle.swift": "what ps(1) shows is where the kernel put the arguments",
        "Sources/Net/SendRing.swift": "memory that is shared with the kernel",
        "Sources/Net/SharedMemory.swift": "memory that is shared with other processes",
        "Sources/Net/SharedMemory+Keeping.swift": "memory is mapped anew where it is",
        "Sources/Net/SharedMemory+Mutex.swift": "a mutex in it is found by its place",
        "Sources/Net/Socket+Bytes.swift": "received and sent for all other files",
        "Sources/Net/SocketAddress+System.swift": "addresses as the system has them",
        "Sources/Net/SocketAddress+Text.swift": "inet_pton(3) and its kin take pointers",
        "Sources/Net/TLS/CertificateFacts.swift": "what OpenSSL has read of a certificate",
        "Sources/Net/TLS/OCSPSubject.swift": "what OpenSSL has read of a response",
        "Sources/Net/TLS/PEM.swift": "OpenSSL reads from memory, and asks for passwords",
        "Sources/Net/TLS/SlabTables.swift": "objects of OpenSSL, by their size",
        "Sources/Net/TLS/TLSConnection.swift": "OpenSSL's names and bytes, as long as its call lasts",
        "Sources/Net/TLS/TLSConnection+Agreement.swift": "what both ends agree on, in OpenSSL's memory",
        "Sources/Net/TLS/TLSConnection+Ahead.swift": "records that stay where they are until they are sent",
        "Sources/Net/TLS/TLSConnection+Early.swift": "OpenSSL's calls for early data",
        "Sources/Net/TLS/TLSConnection+Socket.swift": "OpenSSL reads and writes the socket through it",
        "Sources/Net/TLS/TLSError.swift": "OpenSSL writes what it has to say",
        "Sources/Net/TLS/TLSMemory.swift": "OpenSSL's allocator",
        "Sources/Net/TLS/TLSServerContext.swift": "the protocols that a client offers, in OpenSSL's memory",
        "Sources/Net/TLS/TLSSessionStore.swift": "sessions as OpenSSL writes them",
        "Sources/Net/TLS/TLSSocketMethod.swift": "OpenSSL reads and writes the socket through it",
        "Sources/Net/TLS/TLSTicketKeys.swift": "OpenSSL asks for the key of a ticket",
        "Sources/Net/Transport.swift": "plain bytes or TLS: the memory of buffers is handed through",
        "Sources/Net/Zlib.swift": "its functions are looked up at run time",
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
