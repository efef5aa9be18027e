import Glibc
import Net

/// The commands of portico-bench.
let words = Array(CommandLine.arguments.dropFirst())
signal(SIGPIPE, SIG_IGN)
// A shell allows 1,024 descriptors, and the system usually more.
var descriptors = rlimit()
if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors) == 0 {
    descriptors.rlim_cur = descriptors.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors)
}
// Each process of ours has one thread, and this is the first use of OpenSSL.
TLSLibrary.useOwnMemory()
switch words.first {
case "load": exit(LoadCommand.run(Array(words.dropFirst())))
case "compare": exit(CompareCommand.run(Array(words.dropFirst())))
case "micro": exit(MicroCommand.run(Array(words.dropFirst())))
case "scenario": exit(StoryCommand.run(Array(words.dropFirst())))
case "gate": exit(GateCommand.run(Array(words.dropFirst())))
case "gateway": exit(GatewayCommand.run(Array(words.dropFirst())))
case "help", "-h", "--help", nil:
    Output.print(
        """
        portico-bench load URL …       sends requests and measures what comes back
        portico-bench compare …        the same job for Portico, nginx, HAProxy and H2O, side by side
        portico-bench scenario STORY … steps that go wrong on purpose, and what must hold all the same
        portico-bench gate SCENARIO …  allocations and system calls of a request, with limits
        portico-bench micro …          the pieces of the hot path alone: time and allocations
        portico-bench gateway …        a server that answers every request alike

        Each of them says more with --help.
        """)
    exit(words.isEmpty ? 2 : 0)
case let other?:
    Output.complain("there is no command \"\(other)\"; try \"portico-bench --help\"")
    exit(2)
}
