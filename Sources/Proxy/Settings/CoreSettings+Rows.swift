internal import Config
internal import Core
internal import HTTP
internal import Net

/// The directives of the HTTP core.
extension CoreSettings {
    private static var anywhere: Context { [.http, .server, .location] }
    private static var anywhereAndIf: Context { [.http, .server, .location, .ifInLocation] }

    static var directives: [Directive<Block>] {
        bodyRows + keepaliveRows + closingRows + responseRows + fileRows + errorRows
    }

    private static var bodyRows: [Directive<Block>] {
        [
            .offset(
                "client_max_body_size", "Largest request body; 0 is no limit.", in: anywhere, default: "1m",
                \.settings.core.clientMaxBodySize),
            .memory(
                "client_body_buffer_size", "How much of a request body is kept in memory.", in: anywhere,
                default: "16k", \.settings.core.clientBodyBufferSize),
            .milliseconds(
                "client_body_timeout", "Longest gap between two reads of a request body.", in: anywhere,
                default: "60s", \.settings.core.clientBodyTimeoutMs),
            Directive(
                "client_body_temp_path", "Where large request bodies are kept.",
                "path [level1 [level2 [level3]]]", default: "client_body_temp", in: anywhere, arity: 1...4
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.core.clientBodyTempFolder = try block.temporaryFolder(statement)
            },
            .oneOf(
                "client_body_in_file_only",
                "Whether request bodies are always written to files, which stay or are removed.",
                in: anywhere, default: "off",
                [("off", BodyFileUse.whenLarge), ("on", .always), ("clean", .cleanedUp)],
                \.settings.core.bodyFileUse),
            Directive(
                "client_body_in_single_buffer",
                "Whether what memory holds of a request body is in one buffer; it always is.", "on | off",
                default: "off", in: anywhere, arity: 1...1
            ) {
                (_: Block, statement: Statement) throws(ConfigError) in
                guard ["on", "off"].contains(statement.argument(0).lowercased()) else {
                    throw ConfigError(
                        "invalid value \"\(statement.argument(0))\" in \"\(statement.name)\" directive, "
                            + "it must be \"on\" or \"off\"", statement)
                }
            },
            conditions(
                "client_body_early_read",
                "Whose body is read before a location is chosen: one of the values is neither empty nor 0.",
                in: [.http, .server], \.settings.core.bodyEarlyRead),
            .size(
                "client_min_rate",
                "Slowest pace of a client in bytes a second, after 5 seconds of grace; 0 is any.",
                in: anywhere, default: "240", \.settings.core.clientMinRate),
        ]
    }

    /// Texts with variables, of which one that is neither empty nor 0 suffices.
    private static func conditions(
        _ name: String, _ summary: String, in contexts: Context,
        _ path: Directive<Block>.Path<Replaceable<Template<Variable>>>
    ) -> Directive<Block> {
        Directive(name, summary, "string ...", in: contexts, arity: 1...Int.max) {
            (block: Block, statement: Statement) throws(ConfigError) in
            for word in statement.arguments {
                block[keyPath: path].append(try block.template(word, statement))
            }
        }.repeatable
    }

    private static var keepaliveRows: [Directive<Block>] {
        [
            Directive(
                "keepalive_disable",
                "Browsers whose connections are not kept: old ones of Microsoft's after a POST, and Safari.",
                "none | browser ...", default: "msie6", in: anywhere, arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.core.keepaliveDisable = try BrowserKinds.read(statement)
            },
            .milliseconds(
                "keepalive_min_timeout",
                "How long an idle client of a worker that ends may send one more request; 10 s at least.",
                in: anywhere, default: "0", \.settings.core.keepaliveMinTimeoutMs),
            Directive(
                "keepalive_timeout",
                "How long a client's connection stays open idle; and what the client is told of it.",
                "timeout [header_timeout]", default: "75s", in: anywhere, arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard let time = Units.milliseconds(statement.argument(0)) else {
                    throw .invalidValue(statement)
                }
                block.settings.core.keepaliveTimeoutMs = time
                guard statement.arguments.count == 2 else { return }
                guard let seconds = Units.seconds(statement.argument(1)) else {
                    throw .invalidValue(statement)
                }
                block.settings.core.keepaliveHeaderSeconds = seconds
            },
            .number(
                "keepalive_requests", "Requests over one connection of a client.", in: anywhere,
                default: "1000", \.settings.core.keepaliveRequests),
            .milliseconds(
                "keepalive_time", "Age at which a client's connection is closed after the next response.",
                in: anywhere, default: "1h", \.settings.core.keepaliveTimeMs),
        ]
    }

    private static var closingRows: [Directive<Block>] {
        [
            .oneOf(
                "lingering_close",
                "Whether a client that still sends gets to read the response before its connection closes.",
                in: anywhere, default: "on", [("off", LingeringClose.off), ("on", .on), ("always", .always)],
                \.settings.core.lingeringClose),
            .milliseconds(
                "lingering_time", "Longest time that such a client is listened to.", in: anywhere,
                default: "30s", \.settings.core.lingeringTimeMs),
            .milliseconds(
                "lingering_timeout", "Longest gap in what such a client sends.", in: anywhere, default: "5s",
                \.settings.core.lingeringTimeoutMs),
            .milliseconds(
                "send_timeout", "Longest gap between two writes to a client.", in: anywhere, default: "60s",
                \.settings.core.sendTimeoutMs),
            .flag(
                "reset_timedout_connection", "Whether connections that timed out are reset.", in: anywhere,
                default: false, \.settings.core.resetsTimedOutConnections),
            .flag(
                "tcp_nodelay", "Whether small packets are sent at once.", in: anywhere, default: true,
                \.settings.core.tcpNodelay),
        ]
    }

    private static var responseRows: [Directive<Block>] {
        [
            .oneOf(
                "server_tokens", "Whether the version is told in Server fields and error pages.",
                in: anywhere, default: "on", [("on", ServerTokens.on), ("off", .off), ("build", .build)],
                \.settings.core.serverTokens),
            .flag(
                "chunked_transfer_encoding", "Whether content of unknown length is sent in chunks.",
                in: anywhere, default: true, \.settings.core.chunkedTransferEncoding),
            conditions(
                "early_hints",
                "Who gets a gateway's 103 (Early Hints): one of the values is neither empty nor 0.",
                in: anywhere, \.settings.core.earlyHints),
            .flag(
                "absolute_redirect", "Whether redirects name scheme and host.", in: anywhere, default: true,
                \.settings.core.absoluteRedirect),
            .flag(
                "server_name_in_redirect",
                "Whether redirects name the server's first name rather than the request's host.",
                in: anywhere, default: false, \.settings.core.serverNameInRedirect),
            .flag(
                "port_in_redirect", "Whether redirects name the port.", in: anywhere, default: true,
                \.settings.core.portInRedirect),
            .oneOf(
                "satisfy", "Whether all access checks must pass, or any.", in: anywhere, default: "all",
                [("all", Satisfy.all), ("any", .any)], \.settings.core.satisfy),
            .milliseconds(
                "auth_delay", "How long a refusal for want of credentials is delayed.", in: anywhere,
                default: "0s", \.settings.core.authDelayMs),
            Directive("internal", "Serves internal redirects only.", "", in: .location, arity: 0...0) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.core.isInternal = true
            },
        ]
    }

    private static var fileRows: [Directive<Block>] {
        [
            root("root", "The folder that paths are looked up in.", in: anywhereAndIf),
            root("alias", "What takes the place of the location's prefix in the file's path.", in: .location),
            Directive(
                "index", "Files that stand for their folder.", "file ...", default: "index.html",
                in: anywhere, arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                for (position, word) in statement.arguments.enumerated() {
                    guard !word.isEmpty else {
                        throw ConfigError("index \"\" in \"index\" directive is invalid", statement)
                    }
                    if word.hasPrefix("/"), position + 1 < statement.arguments.count {
                        block.builder.warn(
                            ConfigError(
                                "only the last index in \"index\" directive should be absolute", statement))
                    }
                    block.settings.core.index.append(try block.template(word, statement))
                }
            }.repeatable,
            Directive(
                "default_type", "The type of content that no other rule names.", "mime-type",
                default: "text/plain", in: anywhere, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.core.defaultType = try block.template(statement.argument(0), statement)
            },
            Directive(
                "types", "Types of content by file name extension.", "", default: nil, in: anywhere,
                arity: 0...0
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try readTypes(statement, block)
            }.block(.setting, holdsLines: true),
            .flag("etag", "Whether files get an ETag.", in: anywhere, default: true, \.settings.core.etag),
            .oneOf(
                "if_modified_since", "How If-Modified-Since is compared with a file's time.", in: anywhere,
                default: "exact", [("off", IfModifiedSince.off), ("exact", .exact), ("before", .before)],
                \.settings.core.ifModifiedSince),
            .number(
                "max_ranges", "Most ranges of one Range field.", in: anywhere, default: nil,
                \.settings.core.maxRanges),
            .flag(
                "log_not_found", "Whether files that are not found are logged.", in: anywhere, default: true,
                \.settings.core.logNotFound),
        ]
    }

    private static func root(_ name: String, _ summary: String, in contexts: Context) -> Directive<Block> {
        Directive(name, summary, "path", default: name == "root" ? "html" : nil, in: contexts, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            let isAlias = name == "alias"
            let other = isAlias ? "root" : "alias"
            guard block.rootDirective != other else {
                throw ConfigError(
                    "\"\(name)\" directive is duplicate, \"\(other)\" directive was specified earlier",
                    statement)
            }
            if isAlias, case .named = block.kind {
                throw ConfigError(
                    "the \"alias\" directive cannot be used inside the named location", statement)
            }
            // What they say is what this makes.
            for made in ["document_root", "realpath_root"]
            where ["$\(made)", "${\(made)}"].contains(where: statement.argument(0).contains) {
                throw ConfigError(
                    "the $\(made) variable cannot be used in the \"\(name)\" directive", statement)
            }
            block.rootDirective = name
            var path = block.path(statement.argument(0))
            if !isAlias { while path.count > 1, path.hasSuffix("/") { path.removeLast() } }
            block.settings.core.root = PathTemplate(
                try block.template(path, statement), in: block.builder.prefix)
            block.settings.core.rootUse = isAlias ? aliasUse(in: block) : .root
        }
    }

    private static func aliasUse(in block: Block) -> RootUse {
        if case .regex = block.kind { return .wholeFile }
        return .alias(replacing: block.path.utf8.count)
    }

    private static func readTypes(_ statement: Statement, _ block: Block) throws(ConfigError) {
        var table = block.hasTypes ? block.settings.core.types : MediaTypeTable.empty
        block.hasTypes = true
        for line in statement.block ?? [] {
            for word in line.arguments
            where !table.add(extension: Array(word.utf8), type: Array(line.name.utf8)) {
                block.builder.warn(
                    ConfigError("duplicate extension \"\(word)\", content type: \"\(line.name)\"", line))
            }
        }
        block.settings.core.types = table
    }

    private static var errorRows: [Directive<Block>] {
        [
            Directive(
                "error_page", "What is served instead of an error.", "code ... [=[response]] uri",
                in: anywhereAndIf, arity: 2...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try ErrorPageLine.read(statement, into: block)
            }.repeatable,
            .flag(
                "msie_padding",
                "Whether error pages for Chrome and Internet Explorer are long enough to be shown.",
                in: anywhere, default: true, \.settings.core.padsErrorPages),
            .flag(
                "msie_refresh",
                "Whether Internet Explorer gets pages that lead it on instead of redirects.",
                in: anywhere, default: false, \.settings.core.refreshesForExplorer),
            .flag(
                "recursive_error_pages", "Whether error pages may have error pages.", in: anywhere,
                default: false, \.settings.core.recursiveErrorPages),
        ]
    }
}

/// `error_page code … [=[response]] uri`.
private enum ErrorPageLine {
    static func read(_ statement: Statement, into block: Block) throws(ConfigError) {
        var words = Array(statement.arguments)
        let uri = words.removeLast()
        var response = ErrorPage.Response.unchanged
        if let last = words.last, last.hasPrefix("=") {
            words.removeLast()
            if last == "=" {
                response = .fromTarget
            } else {
                guard let code = Units.number(String(last.dropFirst())) else {
                    throw ConfigError("invalid value \"\(last)\"", statement)
                }
                // A status line has no more than three digits; 0 is what the page answers.
                response = code == 0 ? .fromTarget : .status(UInt16(min(code, 999)))
            }
        }
        guard !words.isEmpty else {
            throw ConfigError("invalid value \"\(statement.argument(0))\"", statement)
        }
        let target = try block.template(uri, statement)
        for word in words {
            guard let number = Units.number(word), let code = UInt16(exactly: number) else {
                throw ConfigError("invalid value \"\(word)\"", statement)
            }
            guard code != 499 else { throw ConfigError("invalid value \"499\"", statement) }
            guard 300...599 ~= code else {
                throw ConfigError("value \"\(word)\" must be between 300 and 599", statement)
            }
            block.settings.core.errorPages.append(
                ErrorPage(status: code, response: response, target: target))
        }
    }
}
