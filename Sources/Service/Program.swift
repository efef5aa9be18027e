internal import CLinux
internal import Config
internal import Core
internal import Glibc
internal import Net
internal import Proxy

/// The whole program: from the words of the command line to an exit status.
public struct Program {
    let arguments: [String]
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
    /// - Returns: the exit status: 0; 1 with the reason on standard error; 2 where `lint` has found
    ///   something.
    public func run() -> Int32 {
        StandardDescriptors.fill()
        Signal.takeDefaults()
        ProcessTitle.prepare()
        // Before anything else uses OpenSSL.
        TLSLibrary.useOwnMemory()
        // Workers inherit it, wherever they may read.
        _ = Zlib.system
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
        case .signal(.status): return printStatus(options)
        case .signal(let order): return send(order, options)
        case .explain(let words): return explain(words, options)
        case .lint(let format): return lint(format, options)
        case .top: return top(options)
        case .serve: return serve(options)
        }
    }

    // MARK: Texts

    /// Says on standard error, and in the error log if it can be written, why nothing starts.
    func refuse(_ error: ConfigError, _ options: CommandLineOptions) -> Int32 {
        for line in error.lines { _ = refuse(line, options) }
        return 1
    }

    func refuse(_ message: String, _ options: CommandLineOptions) -> Int32 {
        let prefix = options.prefix ?? "."
        let path = ConfigurationPath.errorLog(prefix: prefix, option: options.errorLog)
        // The folder of a name that was misspelt must not be made.
        if let path, FileAccess.stamp(prefix) != nil,
            let log = try? ErrorLog([ErrorLog.Sink(.file(path), .error)])
        {
            log.write(.emerg, connection: nil, message)
        }
        return fail(message)
    }

    func fail(_ message: String) -> Int32 {
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
                   portico top [-c filename] [-p prefix]
                   portico explain [-c filename] URL [--client address] [-H 'Name: value']
                           [--method method] [--json]
                   portico lint [-c filename] [--json | --sarif | --rules]

            Options:
              -?,-h         : this help
              -h NAME       : what a directive does, its arguments, default and contexts; or a variable
              -v            : show version and exit
              -V            : show version and configure options then exit
              -t            : test configuration and exit
              -T            : test configuration, dump it and exit
              --strict      : with -t or -T: fail on every warning, and on missing password files
              -q            : suppress non-error messages during configuration testing
              -s signal     : send signal to a master process: stop, quit, reopen, reload; status: print it
              -p prefix     : set prefix path (default: the current directory)
              -e filename   : set error log file (default: logs/error.log)
              -c filename   : set configuration file (default: conf/portico.conf)
              -g directives : set global directives out of configuration file
            """)
    }

    private func printDirective(_ name: String) -> Int32 {
        guard let text = DirectiveHelp.text(for: name) else {
            return fail("there is no directive or variable \"\(name)\"")
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

    func loadRequest(_ options: CommandLineOptions) -> LoadRequest {
        LoadRequest(
            prefix: options.prefix ?? ".", path: options.configuration,
            globalDirectives: options.globalDirectives ?? "",
            errorLogPath: options.errorLog, builtIn: builtIn,
            isBare: options.prefix == nil && options.configuration == nil)
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

    func warn(_ configuration: Configuration) {
        for warning in configuration.warnings { standardError("portico: [warn] \(warning)\n") }
    }
}

/// The version as text.
var versionText: String { "\(Version.text)" }

/// Writes to standard error at once.
func standardError(_ text: String) { write(text, to: STDERR_FILENO) }

/// Writes to standard output at once.
func standardOutput(_ text: String) { write(text, to: STDOUT_FILENO) }

private func write(_ text: String, to fd: Int32) {
    // There is nobody to tell that this cannot be written.
    let bytes = Array(text.utf8)
    _ = FileAccess.write(bytes.span, to: fd)
}
