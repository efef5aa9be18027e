import Net

/// Inputs that targets begin with: sound ones, and those that once were not taken well.
struct Corpus {
    /// `Tests/Fuzz/corpus` of this checkout.
    static var folder: String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return parts.joined(separator: "/") + "/corpus"
    }

    let folder: String

    /// All inputs of a target, in the order of their names.
    func inputs(of target: FuzzTarget) -> [(name: String, bytes: [UInt8])] {
        FileAccess.glob("\(folder)/\(target.name)/*").compactMap { path in
            (try? FileAccess.readWhole(path)).map { (path, $0) }
        }
    }
}
