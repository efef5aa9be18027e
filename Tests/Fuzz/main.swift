import Glibc

/// The words behind portico-fuzz.
let words = Array(CommandLine.arguments.dropFirst())
if words.contains("--help") || words.contains("-h") {
    FuzzCommand.say(FuzzCommand.help)
    exit(0)
}
do {
    exit(try FuzzCommand(words).run())
} catch {
    FuzzCommand.complain("\(error)")
    exit(2)
}
