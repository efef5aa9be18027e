internal import Config
internal import Net

/// The one door through which the files of a configuration are read.
final class ConfigurationFiles: SourceFiles {
    /// What came through it.
    private(set) var sources: [(path: String, text: String)] = []

    func read(_ path: String) throws(ConfigError) -> [UInt8] {
        do throws(FileError) {
            let bytes = try FileAccess.readWhole(path)
            sources.append((path, String(decoding: bytes, as: UTF8.self)))
            return bytes
        } catch {
            throw ConfigError(error.message)
        }
    }

    func glob(_ pattern: String) -> [String] { FileAccess.glob(pattern) }

    /// Reads a file that is not part of the text: certificates and keys.
    func readSecret(_ path: String) throws(ConfigError) -> [UInt8] {
        do throws(FileError) {
            return try FileAccess.readWhole(path)
        } catch {
            throw ConfigError(error.message)
        }
    }
}
