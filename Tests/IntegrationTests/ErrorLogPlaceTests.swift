import Foundation
import TestSupport
import Testing

/// `error_log` of a location is that location's alone.
@Suite("Error logs of locations") struct ErrorLogPlaceTests {
    @Test("errors of a location stand in its own log, and in no sibling's")
    func siblings() throws {
        let names = (0..<24).map { "l\($0)" }
        let locations = names.map { "location /\($0)/ { error_log %PREFIX%/\($0).log; }" }
        let server = try Server(
            """
            events { }
            http { access_log off; root %PREFIX%/none; server { listen 127.0.0.1:%PORT1%;
            \(locations.joined(separator: "\n"))
            location /two/ { error_log %PREFIX%/one.log; error_log %PREFIX%/two.log; } } }
            """)
        for name in names + ["two"] { #expect(try RawClient.get(server.port, "/\(name)/x").status == 404) }
        for name in names {
            let lines = server.directory.read("\(name).log").split(separator: "\n")
            #expect(lines.count == 1, "\(name): \(lines)")
            #expect(lines.allSatisfy { $0.contains("/none/\(name)/x\" failed") }, "\(name): \(lines)")
        }
        for name in ["one", "two"] {
            #expect(server.directory.read("\(name).log").split(separator: "\n").count == 1)
        }
        server.finish()
    }
}
