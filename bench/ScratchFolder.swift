import Glibc

/// Files that a run leaves nothing of.
enum ScratchFolder {
    static func make() throws(LoadOptions.Complaint) -> String {
        var template = Array("/tmp/portico-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LoadOptions.Complaint(text: "mkdtemp() failed") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Workers of nginx that root starts are somebody else.
        chmod(path, 0o755)
        return path
    }

    static func write(_ text: String, to path: String) throws(LoadOptions.Complaint) {
        let complaint = LoadOptions.Complaint(text: "\"\(path)\" cannot be written")
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw complaint }
        defer { close(fd) }
        let bytes = Array(text.utf8)
        guard Glibc.write(fd, bytes, bytes.count) == bytes.count else { throw complaint }
    }
}
