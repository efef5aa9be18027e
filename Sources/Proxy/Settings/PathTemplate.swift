internal import Config
internal import Core

/// A file's name with variables: where they make it a relative one it stands in a folder, as in nginx.
struct PathTemplate {
    private let text: Template<Variable>
    /// Ends with a slash; `nil`: the name begins with a slash, whatever variables come to.
    private let folder: [UInt8]?

    /// - Parameter folder: where `text` stands in unless it begins with a slash.
    init(_ text: Template<Variable>, in folder: String) {
        self.text = text
        if case .literal? = text.parts.first {
            self.folder = nil
        } else {
            self.folder = Array(ConfigurationBuilder.join(folder, "").utf8)
        }
    }

    /// The whole name, if it holds no variable.
    var constant: String? { text.isConstant ? text.source : nil }

    func append(for exchange: Exchange, to out: ByteBuffer) {
        let start = out.count
        text.append(for: exchange, to: out)
        guard let folder, out.count == start || out[start] != UInt8(ascii: "/") else { return }
        out.truncate(to: start)
        out.append(folder)
        text.append(for: exchange, to: out)
    }
}
