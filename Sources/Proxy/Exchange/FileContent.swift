internal import Core
internal import Net

/// A part of a file on its way to a client.
struct FileContent {
    let file: OpenedFile
    var offset: Int64
    var remaining: Int64
}
