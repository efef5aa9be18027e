import Config
import Testing

@testable import Proxy

@Suite("Broken configurations")
struct LoadFuzzTests {
    /// Something of everything, but no host names, so that no resolver is asked unless broken so; and no
    /// `error_log`, which would be opened wherever it ends up.
    static let text = #"""
        worker_processes 2; worker_cpu_affinity 01 10; user nobody; pid /p;
        events { worker_connections 10; use epoll; }
        http {
        log_format f escape=json '$remote_addr "$request" $status ${http_x} $upstream_addr';
        access_log /a f buffer=4k flush=5s if=$loggable; access_log syslog:server=127.0.0.1:514,tag=t f;
        map $status $loggable { ~^[23] 0; default 1; }
        map $host $kind { hostnames; .example.org 1; *.a.org 2; mail.* 3; "" 4; }
        upstream u { zone z 64k; least_conn; server 127.0.0.1:1 weight=2 max_fails=3 fail_timeout=4s;
            server [::1]:2 backup; server unix:/s down; keepalive 8; keepalive_timeout 1m; }
        server { listen 127.0.0.1:80 default_server backlog=7 so_keepalive=1m::3; listen [::1]:81;
            server_name a.org *.b.org mail.* .c.org "~^(?<sub>.+)\.d\.org$" "";
            large_client_header_buffers 4 8k; client_header_timeout 5s; merge_slashes off;
            set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on;
            error_page 404 =200 /e?x=$uri; error_page 500 502 @named; keepalive_timeout 5 4;
            set $x "${host}_$1"; rewrite ^/(.*)\.x$ /$1?a=b last; return 301 https://$host$request_uri;
            if ($http_cookie ~* "id=([^;]+)(?:;|$)") { set $id $1; }
            location = / { return 200 "text"; }
            location ^~ /i/ { alias /srv/; index a b; types { text/html html; } default_type a/b; }
            location /p/ { proxy_pass http://u/x/; proxy_set_header Host $host; proxy_buffers 4 8k;
                proxy_next_upstream error timeout http_502; proxy_redirect ~^/(.*)$ /p/$1;
                proxy_cookie_path /x/ /p/; proxy_read_timeout 1m30s; limit_except GET POST { deny all; }
                if (-f $request_filename) { expires +1h; } location /p/q { stub_status; } }
            location ~* "\.(jpe?g|[[:alpha:]]+)$" { expires max; add_header X-A "b" always; }
            location @named { allow 127.0.0.1; deny all; auth_basic r; auth_basic_user_file f; }
        }
        }
        """#

    @Test("the text itself loads")
    func textLoads() throws {
        #expect(try Loading.main(LoadFuzzTests.text).listeners.count == 2)
    }

    @Test("whatever is changed in it, it loads or is refused with a word and a place")
    func mutationsEndWell() {
        var random = SplitMix(state: 7)
        for _ in 0..<1500 {
            let text = LoadFuzzTests.mutated(&random)
            do throws(ConfigError) {
                _ = try Loading.main(text)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }

    /// The text with up to four words removed, doubled, swapped, cut or replaced.
    private static func mutated(_ random: inout SplitMix) -> String {
        var words = text.split(omittingEmptySubsequences: false) { $0 == " " || $0 == "\n" }.map(String.init)
        let strange = [
            "", "{", "}", ";", "\"", "'", "$", "${", "()", "(", ")", "~", "~*", "=", "-1", "0",
            "99999999999999999999", "*", ".", "..", ":", "[", "[::]", "unix:", "%", "é", "$1", "a;b", "on",
            "off",
        ]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let index = Int.random(in: words.indices, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: words.remove(at: index)
            case 1: words.insert(words[index], at: index)
            case 2: words.swapAt(index, Int.random(in: words.indices, using: &random))
            case 3: words[index] = String(words[index].dropLast())
            case 4: words[index] = String(words[index].dropFirst())
            default: words[index] = strange.randomElement(using: &random) ?? ""
            }
        }
        return words.joined(separator: " ")
    }
}
