/// What all generated configurations stand in: files, upstreams, variables, and words to choose from.
enum World {
    static let files: [String: String] = [
        "www/index.html": "<h1>home</h1>\n",
        "www/a/index.html": "<h1>a</h1>\n",
        "www/a/b.txt": "the file b of a, long enough to be asked for in ranges\n",
        "www/a/c.html": "<p>c</p>\n",
        "www/a/plain": "a file without extension\n",
        "www/a b.txt": "a name with a space\n",
        "www/é.txt": "a name that is not ASCII\n",
        "www/100%.txt": "a name with a percent sign\n",
        "www/b/b.txt": "the file b of b\n",
        "www/dir/deep/index.html": "deep\n",
        "www/empty.txt": "",
        "www/err/404.html": "<p>lost</p>\n",
        "www/err/50x.html": "<p>broken</p>\n",
        "www/err/403.html": "<p>forbidden</p>\n",
        "www/api/index.html": "api's index\n",
        "alt/index.html": "the other index\n",
        "alt/b.txt": "the other file b\n",
        "alt/a/b.txt": "the other file b of a\n",
        "alt/v1/b.txt": "version one\n",
        "secret.txt": "nobody may read this\n",
        "htpasswd": "user:{PLAIN}secret\n",
    ]

    /// What stands in `http` before the servers.
    static let preamble = #"""
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_connect_timeout 2s;
        proxy_read_timeout 2s;
        client_body_timeout 2s;
        client_header_timeout 2s;
        server_tokens off;
        root %WORLD%/www;
        types { text/html html; text/plain txt; }
        upstream live { server %GATEWAY%; }
        upstream pool { server %GATEWAY%; keepalive 4; }
        upstream dead { server %DEAD% max_fails=0; }
        upstream mixed { server %DEAD% max_fails=0; server %GATEWAY% max_fails=0 backup; }
        map $arg_m $mapped { volatile; default ""; 1 one; ~^x(?<tail>.*)$ "x-$tail"; ~*^y yes; }
        map $http_x_flag $flag { volatile; default 0; on 1; "" ""; }
        map $uri $moved { volatile; default ""; ~^/a/(?<rest>.*) /b/$rest; /api /api/v1; }
        geo $net { default no; 127.0.0.0/8 yes; }
        geo $arg_ip $place { default none; 10.0.0.0/8 ten; 10.1.0.0/16 inner; }
        map $http_x_never $never { default ""; "~^(?<first>.)(?<second>.)(?<name>.)$" ""; }
        """#

    /// The last server: it says that `set` has made these variables, and that all ports are open.
    static let lastServer = #"""
        server { listen 127.0.0.1:%SPARE%; set $v1 1; set $v2 2; set $v3 3; set $up live; }
        """#

    static let prefixes = [
        "/", "/a", "/a/", "/a/b", "/b", "/b/", "/api", "/api/", "/api/v1", "/api/v1/", "/dir", "/dir/",
        "/err/", "/x.y/", "/A/", "\"/a b/\"", "/é/", "/i/", "/a/b.txt", "/index.html",
    ]

    /// Patterns, each with paths that it is likely to be tried on.
    static let patterns: [(pattern: String, samples: [String])] = [
        (#"\.(txt|html)$"#, ["/a/b.txt", "/a/c.html", "/no.txt", "/b/b.html"]),
        (#"^/a/(.*)$"#, ["/a/b.txt", "/a/", "/a/x/y"]),
        (#"^/api/(\w+)/(.*)"#, ["/api/v1/users", "/api/v1/", "/api/x/a b"]),
        (#"^/(?<first>[^/]+)/(?<second>.*)$"#, ["/a/b.txt", "/b/", "/x/y/z"]),
        (#"/b"#, ["/a/b.txt", "/b/b", "/b"]),
        (#"^/$"#, ["/"]),
        (#"(b)(c)?"#, ["/b", "/bc", "/abc/b"]),
        (#"\d+$"#, ["/a/12", "/7"]),
        (#"^/a/(?<name>.+)\.txt$"#, ["/a/b.txt", "/a/x y.txt", "/a/é.txt"]),
        (#"^(.*)$"#, ["/a/b.txt", "/", "/b/x"]),
        (#"^/x\.y/(.)(.?)"#, ["/x.y/q", "/x.y/qr", "/x.y/"]),
        (#"^/i/\.*"#, ["/i/x", "/i/..x"]),
        (#"^(/[^/]*)/(.*)"#, ["/a/b.txt", "/b/c/d", "//x"]),
        (#"(?i)^/A"#, ["/a/b.txt", "/A/x"]),
        (#"é|%|\s"#, ["/é.txt", "/100%25.txt", "/a%20b.txt"]),
    ]

    /// Values with variables, as they stand in headers and texts.
    static let values = [
        "$uri", "$request_uri", "$args", "$is_args$args", "$host", "$http_host", "$request_method",
        "$document_root", "$request_filename", "$document_uri", "$query_string", "$status", "$1", "$2-$1",
        "$first/$second", "$name", "$mapped", "$flag", "$moved", "$net", "$place", "$v1", "$v2$v3",
        "$arg_x", "$arg_m", "$http_x_flag", "$cookie_c", "$server_name", "$server_port", "$scheme",
        "$remote_addr", "$remote_user", "$content_type", "$content_length", "$server_protocol",
        "$proxy_host", "$proxy_port", "$proxy_add_x_forwarded_for", "$sent_http_content_type",
        "$upstream_http_x_one", "$upstream_status", "$upstream_cookie_s", "$request", "$request_length",
        "$realpath_root", "$http_user_agent", "$limit_rate", "$sent_http_x_one", "$request_completion",
        "$nginx_version$uri".replacing("$nginx_version", with: ""), "plain", "a$uri?b", "${uri}x", "$https",
    ]

    /// Segments of paths.
    static let segments = [
        "a", "b", "b.txt", "c.html", "index.html", "v1", "users", "x", "12", "deep", "plain", "err",
        "404.html",
        "api", "dir", "x.y", "A", "B.TXT", "é", "a b.txt", "é.txt", "100%.txt", "empty.txt",
    ]
}
