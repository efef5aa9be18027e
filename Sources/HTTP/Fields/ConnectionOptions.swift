internal import Core

/// What `Connection` says of the connection itself. RFC 9110 §7.6.1.
public struct ConnectionOptions: OptionSet, Sendable {
    /// One bit an option.
    public let rawValue: UInt8

    /// For `OptionSet`.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The connection ends with this exchange.
    public static let close = ConnectionOptions(rawValue: 1)
    /// An HTTP/1.0 sender asks for the connection to stay.
    public static let keepAlive = ConnectionOptions(rawValue: 2)
    /// `Upgrade` is meant for us.
    public static let upgrade = ConnectionOptions(rawValue: 4)
    /// `TE` is meant for us.
    public static let te = ConnectionOptions(rawValue: 8)

    /// Field names that `Connection` may name in one head; more are an attempt to keep us busy.
    static var namesMax: Int { 64 }

    /// Marks the fields that `Connection` fields name, and collects what they say of the connection.
    ///
    /// - Returns: `nil` if they name more than `namesMax` fields.
    static func read(_ bytes: Span<UInt8>, _ fields: inout FieldList) -> ConnectionOptions? {
        var options: ConnectionOptions = []
        var nameCount = 0
        for index in fields.indices where fields[index].known == .connection {
            var list = ListReader(fields[index].value)
            while let element = list.next(bytes) {
                let name = bytes.extracting(element.range)
                if equalsIgnoringCase(name, "keep-alive") {
                    options.insert(.keepAlive)
                } else if equalsIgnoringCase(name, "close") {
                    options.insert(.close)
                } else {
                    let known = FieldName.recognise(name)
                    if known == .upgrade { options.insert(.upgrade) }
                    if known == .te { options.insert(.te) }
                    nameCount += 1
                    guard nameCount <= namesMax else { return nil }
                    mark(name, known, bytes, &fields)
                }
            }
        }
        return options
    }

    /// Whether `Connection` fields name a field.
    static func names(_ name: Span<UInt8>, bytes: Span<UInt8>, _ fields: borrowing FieldList) -> Bool {
        for index in fields.indices where fields[index].known == .connection {
            var list = ListReader(fields[index].value)
            while let element = list.next(bytes) {
                if equalsIgnoringCase(name, bytes.extracting(element.range)) { return true }
            }
        }
        return false
    }

    /// Fields that the next hop must see cannot be taken from it by naming them in `Connection`.
    private static func mark(
        _ name: Span<UInt8>, _ known: FieldName, _ bytes: Span<UInt8>, _ fields: inout FieldList
    ) {
        guard !known.staysWhenNamed else { return }
        for index in fields.indices where fields[index].known == known {
            let isNamed =
                known != .other || equalsIgnoringCase(name, bytes.extracting(fields[index].name.range))
            guard isNamed else { continue }
            fields[index].isConnectionNamed = true
        }
    }
}

extension FieldName {
    fileprivate var staysWhenNamed: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .xForwardedFor, .xForwardedProto, .xForwardedHost,
            .xForwardedPort, .xRealIP, .forwarded:
            true
        default: false
        }
    }
}
