import Foundation
import TestSupport
import Testing

@Suite("Default configuration") struct DefaultConfigurationTests {
    @Test("the text that is built in is conf/portico.conf's")
    func builtInTextIsTheFile() throws {
        let file = try String(contentsOfFile: Binary.packageRoot + "/conf/portico.conf", encoding: .utf8)
        let source = try String(
            contentsOfFile: Binary.packageRoot + "/Sources/portico/DefaultConfiguration.swift",
            encoding: .utf8)
        let body = source.components(separatedBy: "#\"\"\"\n")[1].components(
            separatedBy: "\n        \"\"\"#")[0]
        let text = body.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("        ") ? String($0.dropFirst(8)) : String($0) }.joined(separator: "\n")
        #expect(text + "\n" == file)
    }

    @Test("conf/portico.conf passes the test of the binary")
    func fileIsGood() throws {
        let directory = try TemporaryDirectory()
        let words = [
            "-t", "-p", directory.path, "-c", Binary.packageRoot + "/conf/portico.conf", "-e", "stderr",
        ]
        let run = try Program.run(Binary.portico, words, in: directory)
        // Its ports may be in use by somebody; its text must be good.
        #expect(run.errors.contains("syntax is ok"), "\(run.errors)")
    }
}
