import Foundation
import TestSupport
import Testing

/// `disable_symlinks`, over folders and files of one's own and of others.
@Suite("Symbolic links", .serialized) struct SymlinkTests {
    private static func text(_ folder: String) -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { access_log off; %TEMP_PATHS% default_type text/plain;
            server { listen 127.0.0.1:%PORT1%; root \(folder)/www; gzip_static on;
                location /off/ { alias \(folder)/www/; }
                location /on/ { alias \(folder)/www/; disable_symlinks on; }
                location /owner/ { alias \(folder)/www/; disable_symlinks if_not_owner; }
                location /from/ { alias \(folder)/linked/; disable_symlinks on from=\(folder)/linked; }
                location /slash/ { alias \(folder)/linked/; disable_symlinks on from=\(folder)/linked/; }
                location /part/ { alias \(folder)/linked/; disable_symlinks on from=\(folder)/lin; }
                location /other/ { alias \(folder)/linked/; disable_symlinks on from=/nowhere; }
                location /tried/ { disable_symlinks on;
                    try_files /file-link /folder-link/a /file =404; }
                location /asked/ { disable_symlinks on; set $is "none";
                    if (-f $document_root/file-link) { set $is file; } return 200 $is; }
                location /here/ { disable_symlinks off; alias \(folder)/linked/; } } }
        """
    }

    private static let paths = [
        "file", "folder/a", "folder/", "file-link", "folder-link/a", "folder-link/", "folder-link", "broken",
        "loop", "stranger", "strangers-link", "prepared", "indexed/",
    ]

    private func fill(_ folder: TemporaryDirectory) throws {
        for name in ["file", "folder/a", "folder/index.html", "prepared", "indexed/real.html", "stranger"] {
            try folder.write("\(name)\n", to: "www/\(name)")
        }
        let links = [
            ("file", "file-link"), ("folder", "folder-link"), ("nowhere", "broken"), ("loop", "loop"),
            ("stranger", "strangers-link"), ("file", "prepared.gz"), ("real.html", "indexed/index.html"),
        ]
        for (target, name) in links { symlink(target, folder.file("www/\(name)")) }
        symlink("www", folder.file("linked"))
        // Only the superuser can give files to others.
        if getuid() == 0 { chown(folder.file("www/stranger"), 65_534, 65_534) }
    }

    @Test(
        "are followed where nginx follows them", .enabled(if: Binary.nginx != nil, "nginx is not installed"))
    func likeNginx() throws {
        let folder = try TemporaryDirectory()
        try fill(folder)
        var told: [[String]] = []
        for kind in [Server.Kind.nginx, .portico] {
            let server = try Server(Self.text(folder.path), kind: kind)
            var lines: [String] = []
            for location in ["off", "on", "owner", "from", "slash", "part", "other", "here"] {
                for path in Self.paths {
                    let answer = try RawClient.ask(
                        server.port,
                        "GET /\(location)/\(path) HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n"
                            + "Connection: close\r\n\r\n")
                    let body = answer.status == 200 ? answer.text : ""
                    lines.append("/\(location)/\(path) \(answer.status) \(body)")
                }
            }
            for path in ["/tried/", "/asked/"] {
                lines.append("\(path) \(try RawClient.get(server.port, path).text)")
            }
            server.finish(expected: ["[crit]"])
            told.append(lines)
        }
        for (theirs, ours) in zip(told[0], told[1]) { #expect(theirs == ours) }
        #expect(told[0].count == told[1].count)
        #expect(told[1].contains("/on/file 200 file\n") && told[1].contains("/on/file-link 403 "))
    }
}
