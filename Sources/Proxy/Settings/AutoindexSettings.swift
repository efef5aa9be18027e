internal import Config

/// `autoindex…`, `random_index`: what answers for folders, and how.
struct AutoindexSettings {
    var isOn = false
    var format = AutoindexFormat.html
    /// Sizes in bytes, in `html`; else rounded.
    var tellsExactSizes = true
    /// Times of this machine's zone, in `html`; else UTC.
    var tellsLocalTime = false
    /// A file of the folder, before `index` names one.
    var picksAtRandom = false
}

/// `autoindex_format`
enum AutoindexFormat {
    case html, xml, json
    /// JSON as the argument of a function that the request names.
    case jsonp
}

extension AutoindexSettings {
    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            .flag(
                "autoindex", "Whether folders without an index file are listed.", in: anywhere,
                default: false, \.settings.autoindex.isOn),
            .oneOf(
                "autoindex_format", "What listings of folders are written in.", in: anywhere,
                default: "html",
                [("html", AutoindexFormat.html), ("json", .json), ("jsonp", .jsonp), ("xml", .xml)],
                \.settings.autoindex.format),
            .flag(
                "autoindex_exact_size", "Whether listings in HTML tell sizes in bytes rather than rounded.",
                in: anywhere, default: true, \.settings.autoindex.tellsExactSizes),
            .flag(
                "autoindex_localtime", "Whether listings in HTML tell times of this machine's zone.",
                in: anywhere, default: false, \.settings.autoindex.tellsLocalTime),
            .flag(
                "random_index", "Whether a file that chance picks answers for its folder.", in: .location,
                default: false, \.settings.autoindex.picksAtRandom),
        ]
    }
}
