internal import CLinux
internal import Config
internal import Core
internal import Glibc
internal import Net
internal import Proxy

/// The whole program: from the words of the command line to an exit status.
public struct Program {
    private let arguments: [String]
    private let builtIn: BuiltInConfiguration

    /// - Parameters:
    ///   - arguments: the command line, the program's own name first.
    ///   - builtInName: the path, below the prefix, of the default configuration.
    ///   - builtInText: the configuration that is used where that file is not found.
    public init(arguments: [String], builtInName: String, builtInText: String) {
        self.arguments = arguments
        builtIn = BuiltInConfiguration(name: builtInName, text: builtInText)
    }

    /// Does what the command line asks for.
    ///
    /// - Returns: the exit status: 0, or 1 with the reason on standard error.
    public func run() -> Int32 {
        // Before anything else uses OpenSSL.
        TLSLibrary.useOwnMemory()
        let options: CommandLineOptions
        do {
            options = try CommandLineOptions(Array(arguments.dropFirst()))
        } catch {
            return fail(error.message)
        }
        switch options.mode {
        case .help: return printHelp()
        case .directiveHelp(let name): return printDirective(name)
        case .version: return say("portico version: portico/\(versionText)")
        case .versionAndBuild: return printBuild()
        case .test(let prints): return test(options, prints: prints)
        case .signal(let order): return send(order, options)
        case .serve: return serve(options)
        }
    }

    // MARK: Texts

    /// Says on standard error, and in the error log if it can be written, why nothing starts.
    private func refuse(_ error: ConfigError, _ options: CommandLineOptions) -> Int32 {
        for line in error.lines { _ = refuse(line, options) }
        return 1
    }

    private func refuse(_ message: String, _ options: CommandLineOptions) -> Int32 {
        let path = ConfigurationPath.errorLog(prefix: options.prefix ?? ".", option: options.errorLog)
        if let path, let log = try? ErrorLog([ErrorLog.Sink(.file(path), .error)]) {
            log.write(.emerg, connection: nil, message)
        }
        return fail(message)
    }

    private func fail(_ message: String) -> Int32 {
        standardError("portico: [emerg] \(message)\n")
        return 1
    }

    private func say(_ text: String) -> Int32 {
        standardError(text + "\n")
        return 0
    }

    private func printHelp() -> Int32 {
        say(
            """
            portico version: portico/\(versionText)
            Usage: portico [-?hvVtTq] [-s signal] [-p prefix]
                           [-e filename] [-c filename] [-g directives] [--strict]

            Options:
              -?,-h         : this help
              -h DIRECTIVE  : what a directive does, its arguments, default and contexts
              -v            : show version and exit
              -V            : show version and configure options then exit
              -t            : test configuration and exit
              -T            : test configuration, dump it and exit
              --strict      : with -t or -T: fail on every warning, and on missing password files
              -q            : suppress non-error messages during configuration testing
              -s signal     : send signal to a master process: stop, quit, reopen, reload
              -p prefix     : set prefix path (default: the current directory)
              -e filename   : set error log file (default: logs/error.log)
              -c filename   : set configuration file (default: conf/portico.conf)
              -g directives : set global directives out of configuration file
            """)
    }

    private func printDirective(_ name: String) -> Int32 {
        guard let text = DirectiveHelp.text(for: name) else {
            return fail("there is no directive \"\(name)\"")
        }
        print(text)
        return 0
    }

    private func printBuild() -> Int32 {
        say(
            """
            portico version: portico/\(versionText)
            built with Swift 6 and \(TLSLibrary.version)
            TLS SNI support enabled
            configure arguments: --with-http_ssl_module --with-http_realip_module \
            --with-http_stub_status_module
            """)
    }

    // MARK: Loading

    private func loadRequest(_ options: CommandLineOptions) -> LoadRequest {
        LoadRequest(
            prefix: options.prefix ?? ".", path: options.configuration,
            globalDirectives: options.globalDirectives ?? "",
            errorLogPath: options.errorLog, builtIn: builtIn)
    }

    private func test(_ options: CommandLineOptions, prints: Bool) -> Int32 {
        let request = loadRequest(options)
        let name = request.configurationPath
        do {
            let configuration = try Configuration.load(request)
            try configuration.prepareDirectories(owner: Account.ofWorkers(configuration.main)?.user)
            if !options.isQuiet || !configuration.warnings.isEmpty { warn(configuration) }
            if !options.isQuiet {
                standardError("portico: the configuration file \(name) syntax is ok\n")
            }
            try ListeningSockets.check(configuration)
            if !options.isQuiet, !isRefusedStrictly(configuration, options) {
                standardError("portico: configuration file \(name) test is successful\n")
            }
            if prints { dump(configuration) }
            return options.isStrict ? testStrictly(configuration, name) : 0
        } catch {
            _ = refuse(error, options)
            return testFailed(name)
        }
    }

    /// `--strict`: a warning is as bad as an error, and so is a password file that is not there.
    private func isRefusedStrictly(_ configuration: Configuration, _ options: CommandLineOptions) -> Bool {
        options.isStrict && !(configuration.warnings.isEmpty && configuration.missingUserFiles.isEmpty)
    }

    private func testStrictly(_ configuration: Configuration, _ name: String) -> Int32 {
        let missing = configuration.missingUserFiles
        for line in missing { _ = fail(line) }
        let count = configuration.warnings.count
        guard count + missing.count > 0 else { return 0 }
        if count > 0 { _ = fail("\(count) warning\(count == 1 ? "" : "s"), where \"--strict\" allows none") }
        return testFailed(name)
    }

    private func testFailed(_ name: String) -> Int32 {
        standardError("portico: configuration file \(name) test failed\n")
        return 1
    }

    private func dump(_ configuration: Configuration) {
        for source in configuration.sources {
            print("# configuration file \(source.path):\n\(source.text)")
        }
    }

    private func warn(_ configuration: Configuration) {
        for warning in configuration.warnings { standardError("portico: [warn] \(warning)\n") }
    }

    private func send(_ order: CommandLineOptions.Order, _ options: CommandLineOptions) -> Int32 {
        do {
            let configuration = try Configuration.load(loadRequest(options))
            let pid = try PIDFile(path: configuration.main.pidPath).read()
            let signal: Int32
            switch order {
            case .stop: signal = SIGTERM
            case .quit: signal = SIGQUIT
            case .reload: signal = SIGHUP
            case .reopen: signal = SIGUSR1
            }
            let begunMs = Clock().nowMs
            guard kill(pid, signal) == 0 else {
                return fail("kill(\(pid), \(signal)) failed \(Errno.current.logText)")
            }
            guard order == .reload else { return 0 }
            return awaitReload(
                ReloadOutcome(pidPath: configuration.main.pidPath), of: pid, sinceMs: begunMs)
        } catch {
            for line in error.lines { _ = fail(line) }
            return 1
        }
    }

    /// Waits until the master has said what became of the reload.
    private func awaitReload(_ outcome: ReloadOutcome, of master: pid_t, sinceMs: Int64) -> Int32 {
        for _ in 0..<6000 {
            switch outcome.read(sinceMs: sinceMs) {
            case .accepted: return 0
            case .refused(let reason):
                return fail("\(reason)\nportico: the new configuration was refused; the old one goes on")
            case nil: break
            }
            guard kill(master, 0) == 0 else { return fail("the master process \(master) is gone") }
            usleep(10_000)
        }
        return fail("the master process \(master) has not answered for a minute; see its error log")
    }

    // MARK: Serving

    private func serve(_ options: CommandLineOptions) -> Int32 {
        let request = loadRequest(options)
        do {
            let inheritance =
                try Inheritance.received(slots: Master.slotsMax)
                ?? Inheritance(
                    shared: SharedState(slots: Master.slotsMax), lasting: LastingSecrets())
            let configuration = try Configuration.load(
                request, files: ConfigurationFiles(lasting: inheritance.lasting))
            warn(configuration)
            try configuration.prepareDirectories(owner: Account.ofWorkers(configuration.main)?.user)
            // Before anybody can reach us: a signal that comes from now on waits until it is obeyed.
            let signals = try SignalDescriptor(Master.obeyed)
            let workers = configuration.main.usesMaster ? configuration.main.workerProcesses : 1
            let inherited = ListeningSockets.inherited()
            let sockets = try inherited.opened(for: configuration, workers: workers)
            for warning in configuration.warnings + sockets.adapt(from: inherited) {
                configuration.errorLog.write(.warn, connection: nil, warning)
            }
            if configuration.main.daemonizes { try daemonize() }
            // Written by a child or by this very process: the number in it must be the master's.
            if configuration.main.usesMaster { try PIDFile(path: configuration.main.pidPath).write() }
            if let notice = configuration.startNotice { standardError(notice) }
            guard configuration.main.usesMaster else {
                return try serveAlone(configuration, request, sockets)
            }
            let master = Master(
                request: request, arguments: arguments, configuration: configuration, sockets: sockets,
                signals: signals, inheritance: inheritance)
            return master.run()
        } catch let error as ConfigError {
            return refuse(error, options)
        } catch let error as Errno {
            return refuse("start failed \(error.logText)", options)
        } catch {
            return refuse("\(error)", options)
        }
    }

    /// `master_process off`: this process serves.
    private func serveAlone(
        _ configuration: Configuration, _ request: LoadRequest, _ sockets: ListeningSockets
    ) throws(Errno) -> Int32 {
        let shared = try SharedState(slots: 1)
        let clock = Clock()
        shared.prepare(configuration, isStart: true)
        shared.service.began(wallMs: clock.wallMs)
        shared.service.workerStarted(slot: 0, pid: getpid(), wallMs: clock.wallMs)
        let birth = Worker.Birth(
            configuration: configuration, request: request, sockets: sockets.descriptors(forWorker: 0),
            shared: shared, slot: 0)
        return try Worker(birth, control: nil).run()
    }

    private func daemonize() throws(ConfigError) {
        let pid = portico_fork()
        guard pid >= 0 else { throw ConfigError("fork() failed \(Errno.current.logText)") }
        if pid > 0 { _exit(0) }
        guard setsid() >= 0 else { throw ConfigError("setsid() failed \(Errno.current.logText)") }
        umask(0)
        let null = open("/dev/null", O_RDWR)
        guard null >= 0 else { throw ConfigError("open(\"/dev/null\") failed \(Errno.current.logText)") }
        dup2(null, STDIN_FILENO)
        dup2(null, STDOUT_FILENO)
        if null > STDERR_FILENO { close(null) }
    }
}

/// The version as text.
var versionText: String { "\(Version.text)" }

/// Writes to standard error at once.
func standardError(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while let base = rest.baseAddress, rest.count > 0 {
            let written = write(STDERR_FILENO, base, rest.count)
            guard written > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }
}
