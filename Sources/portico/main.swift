import Glibc
import Service

let program = Program(
    arguments: CommandLine.arguments, builtInName: DefaultConfiguration.name,
    builtInText: DefaultConfiguration.text)
exit(program.run())
