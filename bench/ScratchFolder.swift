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

    /// Removes the folder and what is in it.
    static func remove(_ path: String) {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            let inner = path + "/" + name
            // A link is not followed: unlink() takes it as what it is.
            if unlink(inner) != 0 { remove(inner) }
        }
        closedir(folder)
        rmdir(path)
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
