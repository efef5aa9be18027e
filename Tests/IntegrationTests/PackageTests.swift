import Foundation
import TestSupport
import Testing

/// What can be installed, as `conf/package/build` makes it of a release binary.
@Suite("Packages", .serialized) struct PackageTests {
    /// The folder of the release binary; `nil`: nobody has built one.
    private static var folder: String? {
        let folder = Binary.packageRoot + "/.build/release"
        return FileManager.default.isExecutableFile(atPath: folder + "/portico") ? folder : nil
    }

    /// Runs a script that says what it skipped.
    private func run(_ script: String, within seconds: Double) throws {
        guard let folder = Self.folder else { return print("there is no release build: skipped") }
        let directory = try TemporaryDirectory()
        let path = Binary.packageRoot + "/conf/package/" + script
        let run = try Program.run(
            "env", ["PORTICO_BINARY_FOLDER=\(folder)", path], in: directory, within: seconds)
        for line in run.output.split(separator: "\n") where line.hasPrefix("skipped") { print(line) }
        #expect(run.ending == .exited(0), "\(run.output)\(run.errors)")
        #expect(!run.output.contains("FAILED"), "\(run.output)")
    }

    @Test("the Debian package lives from install to purge, and an upgrade loses no request")
    func debian() throws { try run("test", within: 300) }

    @Test("systemd starts, reloads, watches, upgrades and restarts it without a lost request")
    func systemd() throws { try run("test-systemd", within: 400) }

    @Test("the image is the same each time, is what skopeo takes, and runs in a root that holds nothing else")
    func image() throws { try run("test-image", within: 300) }

    @Test("the unit of systemd leaves little to attack, and names options that there are")
    func unit() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") else {
            return print("there is no systemd-analyze: skipped")
        }
        let directory = try TemporaryDirectory()
        let run = try Program.run(
            "systemd-analyze",
            [
                "security", "--offline=yes", "--no-pager", "--threshold=25",
                Binary.packageRoot + "/conf/systemd/portico.service",
            ], in: directory, within: 60)
        #expect(run.ending == .exited(0), "\(run.output)\(run.errors)")
        #expect(!(run.output + run.errors).contains("Unknown"), "\(run.errors)")
    }
}
