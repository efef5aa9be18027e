import Foundation
import TestSupport
import Testing

/// `proxy_bind`: from where gateways are called.
@Suite("proxy_bind") struct BindTests {
    @Test("an address with a port, one that variables make, and one that is none")
    func addresses() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%;
                    location /port { proxy_bind 127.0.0.7:$arg_p; proxy_pass http://127.0.0.1:%PORT2%; }
                    location /made { proxy_bind $arg_a; proxy_pass http://127.0.0.1:%PORT2%; }
                    location /six { proxy_bind $arg_a; proxy_pass http://[::1]:%PORT2%; } }
                server { listen 127.0.0.1:%PORT2%; listen [::1]:%PORT2%;
                    return 200 "$remote_addr:$remote_port"; } }
            """)
        let port = try FreePort.next()
        #expect(try RawClient.get(server.port, "/port?p=\(port)").text == "127.0.0.7:\(port)")
        #expect(try RawClient.get(server.port, "/made?a=127.0.0.8").text.hasPrefix("127.0.0.8:"))
        #expect(try RawClient.get(server.port, "/made").text.hasPrefix("127.0.0.1:"))
        #expect(try RawClient.get(server.port, "/six?a=::1").text.hasPrefix("::1:"))
        #expect(try RawClient.get(server.port, "/made?a=nowhere").text.hasPrefix("127.0.0.1:"))
        #expect(server.waitForLog("invalid local address \"nowhere\""))
        server.finish(expected: ["invalid local address"])
    }

    @Test(
        "transparent: from the client's own address, by workers that are not root",
        .enabled(if: geteuid() == 0, "only root may make a network of its own"))
    func transparent() throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
        try directory.write(
            """
            user nobody nogroup; daemon off; worker_processes 1; pid \(directory.path)/pid;
            error_log \(directory.path)/error.log info; events { }
            http { access_log off;
                server { listen 10.9.0.1:8000;
                    location / { proxy_bind $remote_addr transparent; proxy_pass http://10.9.0.1:8001; }
                    location /port { proxy_bind $remote_addr:$arg_p transparent;
                        proxy_pass http://10.9.0.1:8001; } }
                server { listen 10.9.0.1:8001; return 200 "$remote_addr:$remote_port\\n"; } }
            """, to: "c.conf")
        let run = try Program.run(
            "unshare",
            [
                "-n", "bash", "-c",
                """
                ip link set lo up && ip addr add 10.9.0.1/32 dev lo || exit 77
                ip route add local 10.7.0.0/24 dev lo || exit 77
                '\(Binary.portico)' -p '\(directory.path)' -c '\(directory.path)/c.conf' </dev/null >/dev/null 2>&1 &
                for i in $(seq 100); do (echo > /dev/tcp/10.9.0.1/8000) 2>/dev/null && break; sleep 0.1; done
                curl -s --max-time 8 --interface 10.7.0.5 http://10.9.0.1:8000/
                curl -s --max-time 8 --interface 10.7.0.6 'http://10.9.0.1:8000/port?p=6001'
                kill $!; wait $!; true
                """,
            ], in: directory, name: "network", within: 40)
        // Where root is not allowed to do that either, there is nothing to be seen.
        guard run.ending != .exited(77), !run.errors.contains("unshare failed") else { return }
        let lines = run.output.split(separator: "\n")
        #expect(
            lines.count == 2 && lines[0].hasPrefix("10.7.0.5:") && lines.last == "10.7.0.6:6001", "\(run)")
    }

    @Test("other parameters are refused")
    func refused() throws {
        let directory = try TemporaryDirectory()
        try directory.write("server { listen 127.0.0.1:1; proxy_bind 127.0.0.1 opaque; }", to: "bad.conf")
        let run = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad.conf", "-t"], in: directory)
        #expect(run.ending == .exited(1) && run.errors.contains("invalid parameter \"opaque\""))
    }
}
