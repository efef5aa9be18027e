import Config
import Foundation
import TestSupport
import Testing

@testable import Proxy

/// Refusals are worded as nginx 1.22 words them, where it is installed to be asked: other versions word
/// some of them otherwise.
@Suite("Wording of refusals")
struct NginxWordingTests {
    static let nginx = "/usr/sbin/nginx"

    static let isInstalled: Bool = {
        guard FileManager.default.isExecutableFile(atPath: nginx), let folder = try? TemporaryDirectory()
        else {
            return false
        }
        return (try? folder.run(nginx, ["-v"]))?.errors.contains("nginx/1.22.") == true
    }()

    /// Refused here for reasons of its own.
    static let own: Set<String> = [
        // nginx adds such weights up as they are, whatever comes of it.
        #"invalid parameter "weight=9223372036854775807""#,
        // nginx adds the words of its TLS library.
        #"cannot load certificate "/n.pem": open() "/n.pem" failed (2: No such file or directory)"#,
    ]

    /// Said of a whole block: nginx names the line where it ends, Portico the one where it begins.
    static let ofBlocks = [
        "there must be at least 2", "\"proxy_busy_buffers_size\" must", "\"proxy_max_temp_file_size\" must",
        "\"proxy_redirect default\" cannot", "\"secure_link_secret\" cannot be mixed",
    ]

    static let samples =
        RefusalSamples.main.map { ("events {}\n" + $0.0 + "\n", $0.1) }
        + RefusalSamples.http.map { (http($0.0), $0.1) }
        + (RefusalSamples.limits + RefusalSamples.zones).map { (http($0.0), $0.1) }
        + RefusalSamples.server.map { (server($0.0), $0.1) }
        + RefusalSamples.location.map { (server("location /a {\n" + $0.0 + "\n}"), $0.1) }

    /// What nginx can do and Portico cannot yet, or what it would go wrong on later.
    private static func isOwn(_ message: String) -> Bool {
        // `service=` is younger than many an nginx.
        message.contains("not supported yet") || message.hasSuffix("refers to itself")
            || message.hasPrefix("service upstream ")
    }

    private static func http(_ text: String) -> String {
        "events {}\nhttp {\nerror_log stderr; access_log off;\n\(text)\n}\n"
    }

    private static func server(_ text: String) -> String {
        http("server { listen 127.0.0.1:8080;\n\(text)\n}")
    }

    @Test(
        "is nginx's own, except where it must differ", .enabled(if: isInstalled),
        arguments: samples.filter { !own.contains($0.1) && !isOwn($0.1) })
    func sameAsNginx(_ text: String, _ message: String) throws {
        let folder = try TemporaryDirectory()
        try folder.write("main.conf", text)
        let path = folder.path + "/main.conf"
        let answer = try folder.run(
            NginxWordingTests.nginx, ["-t", "-p", folder.path, "-c", path, "-e", "stderr"])
        // `date time [emerg] pid#tid: message`
        let line = answer.errors.split(separator: "\n").first { $0.contains("[emerg] ") }
        let theirs = try #require(
            line?.split(separator: ": ", maxSplits: 1).last.map(String.init), "nginx accepts \(text)")
        let place = " in \(path):"
        let isOfBlock = NginxWordingTests.ofBlocks.contains { message.hasPrefix($0) }
        // A suggestion and a place are told beyond what nginx says.
        let words = message.split(separator: ", did you mean").first.map(String.init) ?? message
        if theirs.contains(place) && !isOfBlock {
            let line = try #require(folder.error("main.conf")?.split(separator: place).last)
            #expect(theirs == words + place + line, "\(text)")
        } else {
            #expect(theirs.split(separator: place).first.map(String.init) == words, "\(text)")
        }
    }
}
