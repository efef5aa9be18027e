import Foundation
import TestSupport
import Testing

/// Directives of nginx that change nothing here, and those that are not there: each is told by its name.
@Suite("Directives that are accepted or refused") struct AcceptedDirectivesTests {
    private func test(_ text: String) throws -> (ending: Program.Ending, lines: [String]) {
        let directory = try TemporaryDirectory()
        try directory.write(text, to: "a.conf")
        let run = try Program.run(
            Binary.portico,
            [
                "-p", directory.path, "-c", "a.conf", "-e", "stderr", "-g", "pid \(directory.path)/a.pid;",
                "-t",
            ],
            in: directory)
        return (run.ending, run.errors.split(separator: "\n").map(String.init))
    }

    /// Lines by the block that they stand in.
    private static let tuning = (
        main: """
        worker_rlimit_core 1m; timer_resolution 100ms; pcre_jit on; lock_file none; debug_points stop;
        ssl_object_cache_inheritable on; thread_pool pool threads=2; load_module none.so;
        """,
        events: """
        accept_mutex off; accept_mutex_delay 1s; epoll_events 10; worker_aio_requests 32;
        debug_connection 127.0.0.1;
        """,
        http: """
        map_hash_bucket_size 64; map_hash_max_size 128; variables_hash_bucket_size 64;
        variables_hash_max_size 128; types_hash_bucket_size 64; types_hash_max_size 128;
        server_names_hash_max_size 512; proxy_headers_hash_bucket_size 64;
        proxy_headers_hash_max_size 512; connection_pool_size 256; request_pool_size 4k;
        subrequest_output_buffer_size 8k; output_buffers 1 32k; postpone_output 1460; read_ahead 1k;
        send_lowat 0; sendfile_max_chunk 1m; tcp_nopush on; aio threads; aio_write on; directio 4m;
        directio_alignment 512; open_file_cache off; open_file_cache_errors off;
        open_file_cache_events off; open_file_cache_min_uses 1; open_file_cache_valid 60s;
        gzip_hash 16k; gzip_no_buffer off; gzip_window 16k; postpone_gzipping 0; proxy_send_lowat 0;
        proxy_temp_file_write_size 16k; tunnel_send_lowat 0; tunnel_buffer_size 16k;
        http2_pool_size 4k; http2_streams_index_size 32;
        """,
        server: "referer_hash_bucket_size 64; referer_hash_max_size 512;"
    )

    /// The names of the directives in some lines.
    private func names(_ lines: String) -> [String] {
        lines.split(separator: ";").compactMap {
            $0.split(whereSeparator: \.isWhitespace).first.map(String.init)
        }
    }

    @Test("what only tunes nginx is accepted, with one warning each")
    func accepted() throws {
        let tuning = AcceptedDirectivesTests.tuning
        let (ending, lines) = try test(
            """
            \(tuning.main)
            events { \(tuning.events) }
            http { access_log off; \(tuning.http)
                server { listen 127.0.0.1:\(try FreePort.next()); \(tuning.server) } }
            """)
        #expect(ending == .exited(0), "\(lines)")
        let warnings = lines.filter { $0.contains("[warn]") }
        let wanted = [tuning.main, tuning.events, tuning.http, tuning.server].flatMap(names)
        #expect(warnings.count == wanted.count)
        for name in wanted {
            let start = "portico: [warn] \"\(name)\" is accepted but has no effect here"
            #expect(warnings.count { $0.hasPrefix(start) } == 1, "\(name)")
        }
    }

    @Test(
        "what nginx has replaced is accepted, and named with what took its place",
        arguments: [
            ("http2_idle_timeout 3m", "keepalive_timeout"),
            ("http2_recv_timeout 30s", "client_header_timeout"),
            ("http2_max_requests 9", "keepalive_requests"),
            ("http2_max_field_size 4k", "large_client_header_buffers"),
            ("http2_max_header_size 16k", "large_client_header_buffers"), ("http2_push off", nil),
            ("http2_push_preload off", nil), ("http2_max_concurrent_pushes 10", nil),
        ])
    func replaced(line: String, successor: String?) throws {
        let (ending, lines) = try test("events { }\nhttp { \(line);\n}\n")
        let name = line.prefix { $0 != " " }
        let advice = successor.map { "use the \"\($0)\" directive instead" } ?? "ignored"
        #expect(ending == .exited(0), "\(lines)")
        #expect(lines.contains { $0.contains("[warn] the \"\(name)\" directive is obsolete, \(advice)") })
    }

    @Test(
        "what is not there is refused by its name, with advice and a place",
        arguments: [
            "dav_methods PUT", "image_filter test", "memcached_pass 127.0.0.1:1", "mp4", "slice 1m", "ssi on",
            "tunnel_allow_upstream on",
        ])
    func refused(line: String) throws {
        try expectRefusal(
            of: line,
            in:
                "events { }\nhttp { server { listen 127.0.0.1:\(try FreePort.next()); location / {\n\(line); } } }"
        )
    }

    @Test("so is what stands in other blocks", arguments: ["http3 on", "ntlm"])
    func refusedElsewhere(line: String) throws {
        let block = line == "ntlm" ? "upstream u { server 127.0.0.1:1;" : "server {"
        try expectRefusal(of: line, in: "events { }\nhttp { \(block)\n\(line); } }")
    }

    private func expectRefusal(of line: String, in text: String) throws {
        let name = line.prefix { $0 != " " }
        let (ending, lines) = try test(text)
        #expect(ending == .exited(1))
        let told = lines.filter { $0.contains("[emerg] the \"\(name)\" directive is not supported yet (") }
        #expect(told.count == 1 && told.allSatisfy { $0.hasSuffix("/a.conf:3") }, "\(lines)")
    }
}
