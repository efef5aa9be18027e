import Foundation
import TestSupport

extension Server {
    /// A response as curl shows it over plain HTTP/2: head, content and trailers, with CR LF as they came.
    func curl(_ path: String, _ options: String...) throws -> String {
        try Program.run(
            "curl",
            ["-s", "-i", "--max-time", "8", "--http2-prior-knowledge"] + options + [
                "http://127.0.0.1:\(port)\(path)"
            ], in: directory, name: "curl"
        ).output
    }
}
