internal import Core
internal import Glibc

/// `error_log … json`: an object in each line.
extension ErrorLog {
    /// A part of a message, by name.
    public struct Circumstance {
        let name: StaticString
        let value: String

        /// - Parameter name: needs no escape.
        public init(_ name: StaticString, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Most bytes of one value; more is cut off.
    private static var valueMax: Int { 2048 }

    /// `{"time":"2026-11-23T01:48:20+00:00","level":"error","pid":1234,"connection":12,"message":"…", …}`
    func object(_ level: LogLevel, _ connection: Int?, _ parts: [Circumstance]) -> ByteBuffer {
        let line = ByteBuffer(capacity: 512)
        line.append("{\"time\":\"")
        line.append((clock ?? Clock()).iso8601)
        line.append("\",\"level\":\"")
        line.append(level.name)
        line.append("\",\"pid\":")
        line.append(decimal: Int(getpid()))
        if let connection {
            line.append(",\"connection\":")
            line.append(decimal: connection)
        }
        for part in parts {
            line.append(",\"")
            line.append(part.name)
            line.append("\":\"")
            ErrorLog.append(json: part.value, to: line)
            line.append("\"")
        }
        line.append("}\n")
        return line
    }

    private static func append(json text: String, to line: ByteBuffer) {
        let end = line.count + valueMax
        for scalar in text.unicodeScalars {
            guard line.count < end else { return }
            line.append(json: scalar)
        }
    }
}
