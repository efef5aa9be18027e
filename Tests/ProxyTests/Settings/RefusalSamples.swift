/// Configurations that are refused, by the block that the text stands in, and what is said.
enum RefusalSamples {
    static let main: [(String, String)] = [
        (#"foo bar;"#, #"unknown directive "foo""#),
        (#"worker_processes x;"#, #""worker_processes" directive invalid value"#),
        (#"worker_processes 1; worker_processes 2;"#, #""worker_processes" directive is duplicate"#),
        (#"worker_cpu_affinity 01 2;"#, #"invalid character "2" in "worker_cpu_affinity""#),
        (#"worker_cpu_affinity auto 2;"#, #"invalid character "2" in "worker_cpu_affinity""#),
        (#"thread_pool p max_queue=1;"#, #""thread_pool" must have "threads" parameter"#),
        (
            #"debug_points x;"#,
            #"invalid value "x""#
        ),
        (#"worker_rlimit_nofile x;"#, #""worker_rlimit_nofile" directive invalid number"#),
        (#"daemon maybe;"#, #"invalid value "maybe" in "daemon" directive, it must be "on" or "off""#),
        (#"events {}"#, #""events" directive is duplicate"#),
        (#"http {} http {}"#, #""http" directive is duplicate"#),
        (#"listen 80;"#, #""listen" directive is not allowed here"#),
        (#"error_log stderr foo;"#, #"invalid log level "foo""#),
        (#"ssl_engine foo;"#, #"the "ssl_engine" directive is not supported yet (leave it out)"#),
        (
            #"stream {}"#,
            #"the "stream" directive is not supported yet (only HTTP is balanced: keep what serves these"#
                + " ports, and leave the block out)"
        ),
    ]
    static let http: [(String, String)] = [
        (
            #"server { listen 8080; server_name www.*.com; } server { listen 8080; server_name b; }"#,
            #"invalid server name or wildcard "www.*.com" on 0.0.0.0:8080"#
        ),
        (
            #"server { listen 8080; } server { listen 8080; server_name a..b; }"#,
            #"invalid server name or wildcard "a..b" on 0.0.0.0:8080"#
        ),
        (#"server { listen 8080; listen 0.0.0.0:8080; }"#, #"a duplicate listen 0.0.0.0:8080"#),
        (
            #"server { listen 8080 default_server; } server { listen 8080 default_server; }"#,
            #"a duplicate default server for 0.0.0.0:8080"#
        ),
        (
            #"server { listen 8080 backlog=10; } server { listen 8080 backlog=20; }"#,
            #"duplicate listen options for 0.0.0.0:8080"#
        ),
        (#"server { listen 8080 backlog=0; }"#, #"invalid backlog "backlog=0""#),
        (#"server { listen 8080 rcvbuf=x; }"#, #"invalid rcvbuf "rcvbuf=x""#),
        (#"server { listen 8080 foo=bar; }"#, #"invalid parameter "foo=bar""#),
        (#"server { listen 8080 ipv6only=maybe; }"#, #"invalid parameter "ipv6only=maybe""#),
        (#"server { listen 8080 so_keepalive=::; }"#, #"invalid so_keepalive value: "::""#),
        (
            #"server { listen 8080 quic; }"#,
            #"parameter "quic" of "listen" is not supported yet (HTTP/3 is not spoken: leave it out)"#
        ),
        (#"server { listen 99999; }"#, #"invalid port in "99999" of the "listen" directive"#),
        (#"server { listen 127.0.0.1:0; }"#, #"invalid port in "127.0.0.1:0" of the "listen" directive"#),
        (
            #"upstream u { server a.test service=http; }"#,
            #"service upstream "a.test" requires "resolve" parameter"#
        ),
        (
            #"upstream u { server a.test:80 service=http resolve; }"#,
            #"service upstream "a.test:80" may not have port"#
        ),
        (
            #"upstream u { server 127.0.0.1 service=http resolve; }"#,
            #"service upstream "127.0.0.1" requires a domain name"#
        ),
        (
            #"upstream u { ip_hash; server 127.0.0.1 backup; server 127.0.0.2; }"#,
            #"balancing method does not support parameter "backup""#
        ),
        (#"upstream u { server a.test service= resolve; }"#, #"invalid parameter "service=""#),
        (
            #"upstream u { server 127.0.0.1; ip_hash ""; }"#,
            #"invalid number of arguments in "ip_hash" directive"#
        ),
        (#"upstream u { server a/b; }"#, #"invalid host in upstream "a/b""#),
        (#"upstream u { server $x; }"#, #"host not found in upstream "$x""#),
        (#"access_log /dev/null buffer=4k;"#, #"unknown log format "buffer=4k""#),
        (#"proxy_temp_path /tmp 1 x;"#, #""proxy_temp_path" directive invalid value"#),
        (#"server { if ($uri=a) { return 200; } }"#, #"unknown "uri=a" variable"#),
        (#"server { if ($1) { return 200; } }"#, #"unknown "1" variable"#),
        (#"server { if (${uri}) { return 200; } }"#, #"unknown "{uri}" variable"#),
        (
            #"server { location / { proxy_pass http://127.0.0.1#x; } }"#,
            #"host not found in upstream "127.0.0.1#x""#
        ),
        (#"map $uri $http_via { default 1; }"#, #"the duplicate "http_via" variable"#),
        (#"server { listen 81-80; }"#, #"invalid port range in "81-80" of the "listen" directive"#),
        (#"server { listen 80-; }"#, #"host not found in "80-" of the "listen" directive"#),
        (#"server { listen 127.0.0.1:-80; }"#, #"invalid port in "127.0.0.1:-80" of the "listen" directive"#),
        (#"server { listen 0-5; }"#, #"invalid port in "0-5" of the "listen" directive"#),
        (#"server { listen 1-70000; }"#, #"invalid port in "1-70000" of the "listen" directive"#),
        (#"client_body_temp_path /tmp 4 4 4;"#, #""client_body_temp_path" directive invalid value"#),
        (#"client_body_temp_path /tmp 0;"#, #""client_body_temp_path" directive invalid value"#),
        (#"keepalive_disable opera;"#, #"invalid value "opera""#),
        (
            #"client_body_in_single_buffer maybe;"#,
            #"invalid value "maybe" in "client_body_in_single_buffer" directive, it must be "on" or "off""#
        ),
        (#"server { listen :80; }"#, #"no host in ":80" of the "listen" directive"#),
        (
            #"server { listen unix:; }"#,
            #"no path in the unix domain socket in "unix:" of the "listen" directive"#
        ),
        (
            #"server { listen 8080 ssl; }"#,
            #"no "ssl_certificate" is defined for the "listen ... ssl" directive"#
        ),
        (
            #"server { listen 8080 ssl; ssl_certificate /n.pem; }"#,
            #"no "ssl_certificate_key" is defined for certificate "/n.pem""#
        ),
        (
            #"server { listen 8080 ssl; ssl_certificate /n.pem; ssl_certificate_key /n.key; }"#,
            #"cannot load certificate "/n.pem": open() "/n.pem" failed (2: No such file or directory)"#
        ),
        (#"map $m $m { default 1; }"#, #"the variable "$m" refers to itself"#),
        (#"map $uri $a { default $b; } map $a $b { x y; }"#, #"the variable "$a" refers to itself"#),
        (#"map $uri $a { ~x $B; } geo $a $b { default 1; }"#, #"the variable "$a" refers to itself"#),
        (
            #"geo $x { default a; ranges; }"#,
            #"the "ranges" directive must be the first directive inside "geo" block"#
        ),
        (#"geo $x { 10.0.0.0/33 a; }"#, #"invalid network "10.0.0.0/33""#),
        (#"geo $x { a; }"#, #"invalid number of the geo parameters"#),
        (#"geo x { }"#, #"invalid variable name "x""#),
        (#"geo $1 $x { default a; }"#, #"unknown "1" variable"#),
        (#"geo $uri { }"#, #"the duplicate "uri" variable"#),
        (#"split_clients $uri $x { 10 a; }"#, #"invalid percent value "10""#),
        (#"split_clients $uri $x { 0% a; }"#, #"invalid percent value "0%""#),
        (#"split_clients $uri $x { 1.234% a; }"#, #"invalid percent value "1.234%""#),
        (#"split_clients $uri $x { 60% a; 50% b; }"#, #"percent total is greater than 100%"#),
        (#"split_clients $uri $x { * a; 1% b; }"#, #"percent total is greater than 100%"#),
        (#"upstream u { }"#, #"no servers are inside upstream"#),
        (#"upstream u { server 127.0.0.1; } upstream u { server 127.0.0.1; }"#, #"duplicate upstream "u""#),
        (
            #"upstream u { server 127.0.0.1 weight=9223372036854775807; }"#,
            #"invalid parameter "weight=9223372036854775807""#
        ),
        (#"upstream u { server 127.0.0.1 weight=0; }"#, #"invalid parameter "weight=0""#),
        (#"upstream u { server 127.0.0.1:0; }"#, #"invalid port in upstream "127.0.0.1:0""#),
        (#"zone x 64k;"#, #""zone" directive is not allowed here"#),
        (#"upstream u { root /x; }"#, #""root" directive is not allowed here"#),
        (#"upstream u { foo; }"#, #"unknown directive "foo""#),
        (#"upstream u { hash $nosuch; server 127.0.0.1; }"#, #"unknown "nosuch" variable"#),
        (
            #"upstream u { server 127.0.0.1:1; } server { listen 8080; location / { proxy_pass http://u:81; } }"#,
            #"upstream "u" may not have port 81"#
        ),
        (#"map $host $x { default 1; default 2; }"#, #"duplicate default map parameter"#),
        (#"map $host $x { a 1; a 2; }"#, #"conflicting parameter "a""#),
        (#"map $host $x { a 1 2; }"#, #"invalid number of the map parameters"#),
        (#"map $host x { a 1; }"#, #"invalid variable name "x""#),
        (#"map $host $host { a 1; }"#, #"the duplicate "host" variable"#),
        (#"map $host $x { a { b c; } }"#, #"unexpected "{""#),
        (#"map $host $x { hostnames; *a 1; }"#, #"invalid hostname or wildcard "*a""#),
        (#"log_format a escape=foo b;"#, #"unknown log format escaping "foo""#),
        (#"log_format a b; log_format a c;"#, #"duplicate "log_format" name "a""#),
        (#"log_format a $nosuch;"#, #"unknown "nosuch" variable"#),
        (#"log_format a $status $1;"#, #"unknown "1" variable"#),
        (#"log_format a ${2}x;"#, #"unknown "2" variable"#),
        (#"access_log /a/$uri combined buffer=1k;"#, #"buffered logs cannot have variables in name"#),
        (#"access_log /a combined gzip=0;"#, #"invalid compression level "0""#),
        (#"access_log syslog:server=1.1.1.1 combined buffer=1k;"#, #"logs to syslog cannot be buffered"#),
        (
            #"access_log /a combined buffer=1k; access_log /a combined buffer=2k;"#,
            #"access_log "/a" already defined with conflicting parameters"#
        ),
        (#"open_log_file_cache max=0;"#, #""open_log_file_cache" must have "max" parameter"#),
        (#"open_log_file_cache max=1 valid=1ms;"#, #"invalid "open_log_file_cache" parameter "valid=1ms""#),
        (#"expires 1x;"#, #""expires" directive invalid value"#),
        (
            #"expires modified @1h;"#,
            #""expires" directive daily time cannot be used with "modified" parameter"#
        ),
        (#"access_log /a nosuch;"#, #"unknown log format "nosuch""#),
        (#"access_log /a combined flush=5s;"#, #"no buffer is defined for access_log "/a""#),
        (#"server { } location /x { }"#, #""location" directive is not allowed here"#),
        (#"keepalive_timeout x;"#, #""keepalive_timeout" directive invalid value"#),
        (
            #"proxy_cache a;"#,
            #"the "proxy_cache" directive is not supported yet (nothing is cached: leave it out,"#
                + " and every request goes to the gateways)"
        ),
    ]
    static let sticky: [(String, String)] = [
        ("cookie", #"invalid number of arguments in "sticky" directive"#),
        ("insert c", #"unknown parameter "insert""#),
        (#"cookie """#, #""sticky" directive empty cookie name"#),
        ("cookie c foo", #"unknown parameter "foo""#),
        ("cookie c httponly=on", #"unknown parameter "httponly=on""#),
        ("cookie c secure secure", #""sticky" directive parameter "secure" is duplicate"#),
        ("cookie c path=/ path=/a", #""sticky" directive parameter "path" is duplicate"#),
        ("cookie c domain=", #""sticky" directive no value for "domain""#),
        ("cookie c path=", #""sticky" directive no value for "path""#),
        ("cookie c domain=$nothing", #"unknown "nothing" variable"#),
        ("cookie c expires=x", #""sticky" directive invalid "expires" parameter value"#),
        ("cookie c samesite=x", #""sticky" directive invalid "samesite" parameter value"#),
        ("cookie c; sticky cookie d", #""sticky" directive is duplicate"#),
        ("route a", #"invalid variable name "a""#),
        ("route $", #"invalid variable name "$""#),
        ("route $nothing", #"unknown "nothing" variable"#),
        ("learn zone=z:1m", #""sticky" directive "lookup" parameter is not specified"#),
        ("learn zone=z:1m lookup=$arg_a", #""sticky" directive "create" parameter is not specified"#),
        ("learn create=$arg_a lookup=$arg_a", #""sticky" directive "zone" parameter is not specified"#),
        ("learn create=a", #""sticky" directive missing variable in the "create" parameter"#),
        ("learn lookup=a", #""sticky" directive missing variable in the "lookup" parameter"#),
        ("learn zone=z:1m zone=y:1m", #""sticky" directive duplicate zone"#),
        ("learn timeout=0", #""sticky" directive invalid timeout"#),
        ("learn timeout=1s timeout=2s", #""sticky" directive duplicate timeout"#),
        ("learn sync", #"the parameter "sync" is not supported yet (leave it out)"#),
        ("learn foo", #"unknown parameter "foo""#),
        ("learn create=$arg_a lookup=$arg_a zone=z:1k", #"zone "zone=z:1k" is too small"#),
        ("learn create=$arg_a lookup=$arg_a zone=z", #"invalid zone size "zone=z""#),
        ("learn create=$arg_a lookup=$arg_a zone=:1m", #""sticky" must have "zone" parameter"#),
        (
            "learn create=$arg_a lookup=$arg_a zone=used:1m",
            #"the shared memory zone "used" is already declared for a different use"#
        ),
        (
            "learn create=$arg_a lookup=$arg_a zone=other:1m",
            #"sticky zone "other" is already used in upstream "first""#
        ),
    ]
    static let tunnel: [(String, String)] = [
        ("tunnel_pass a b;", #"invalid number of arguments in "tunnel_pass" directive"#),
        ("tunnel_pass nobody;", #"no port in upstream "nobody""#),
        ("tunnel_pass 127.0.0.1:1/x;", #"invalid host in upstream "127.0.0.1:1/x""#),
        ("tunnel_pass $nothing;", #"unknown "nothing" variable"#),
        ("tunnel_pass; tunnel_pass;", #""tunnel_pass" directive is duplicate"#),
        ("tunnel_next_upstream http_500;", #"invalid value "http_500""#),
        ("tunnel_bind x;", #"invalid address "x""#),
    ]
    static let limits: [(String, String)] = [
        (#"limit_req_zone $host zone=a:1m;"#, #"invalid number of arguments in "limit_req_zone" directive"#),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s sync;"#,
            #"the parameter "sync" is not supported yet (leave it out)"#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s zone=b:1m;"#,
            #"invalid number of arguments in "limit_req_zone" directive"#
        ),
        (#"limit_req_zone $host zone=a:1m rate=0r/s;"#, #"invalid rate "rate=0r/s""#),
        (#"limit_req_zone $host zone=a:1m rate=1r/h;"#, #"invalid rate "rate=1r/h""#),
        (#"limit_req_zone $host zone=a:1m rate=r/s;"#, #"invalid rate "rate=r/s""#),
        (#"limit_req_zone $host zone=a:16k rate=1r/s;"#, #"zone "zone=a:16k" is too small"#),
        (#"limit_req_zone $host zone=a rate=1r/s;"#, #"invalid zone size "zone=a""#),
        (#"limit_req_zone $host zone=a:1x rate=1r/s;"#, #"invalid zone size "zone=a:1x""#),
        (#"limit_req_zone $host zone=:1m rate=1r/s;"#, #""limit_req_zone" must have "zone" parameter"#),
        (#"limit_req_zone $host rate=1r/s rate=2r/s;"#, #""limit_req_zone" must have "zone" parameter"#),
        (#"limit_req_zone $host rate=1r/s size=1;"#, #"invalid parameter "size=1""#),
        (#"limit_req_zone $nosuch zone=a:1m rate=1r/s;"#, #"unknown "nosuch" variable"#),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_req_zone $uri zone=a:1m rate=1r/s;"#,
            #"limit_req_zone "a" is already bound to key "$host""#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_req_zone $uri zone=a:2m rate=1r/s;"#,
            #"the size 2097152 of shared memory zone "a" conflicts with already declared size 1048576"#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_conn_zone $uri zone=a:1m;"#,
            #"the shared memory zone "a" is already declared for a different use"#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_conn a 1;"#,
            #"the shared memory zone "a" is already declared for a different use"#
        ),
        (
            #"limit_conn_zone $host zone=a:1m; limit_req zone=a;"#,
            #"the shared memory zone "a" is already declared for a different use"#
        ),
        (#"limit_req zone=a;"#, #"zero size shared memory zone "a""#),
        (
            #"limit_req_zone $host zone=clients:1m rate=1r/s; limit_req zone=client;"#,
            #"zero size shared memory zone "client", did you mean "clients"?"#
        ),
        (#"limit_req zone=;"#, #"zero size shared memory zone """#),
        (
            #"limit_req_zone $uri zone=a:1m rate=1r/s; limit_req zone=a; limit_req zone=a;"#,
            #""limit_req" directive is duplicate"#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_req zone=a burst=0;"#,
            #"invalid burst value "burst=0""#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_req zone=a burst=x;"#,
            #"invalid burst value "burst=x""#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_req zone=a delay=0;"#,
            #"invalid delay value "delay=0""#
        ),
        (
            #"limit_req_zone $host zone=a:1m rate=1r/s; limit_req burst=1;"#,
            #""limit_req" must have "zone" parameter"#
        ),
        (#"limit_req_zone $host zone=a:1m rate=1r/s; limit_req zone=a foo;"#, #"invalid parameter "foo""#),
        (#"limit_req_status 399;"#, #"value must be between 400 and 599"#),
        (#"limit_req_status x;"#, #""limit_req_status" directive invalid number"#),
        (#"limit_conn_zone $host zone=a:16k;"#, #"zone "zone=a:16k" is too small"#),
        (#"limit_conn_zone $host zone=a;"#, #"invalid zone size "zone=a""#),
        (#"limit_conn_zone $host size=1;"#, #"invalid parameter "size=1""#),
        (
            #"limit_conn_zone $host zone=a:1m; limit_conn_zone $uri zone=a:1m;"#,
            #"limit_conn_zone "a" is already bound to key "$host""#
        ),
        (#"limit_conn_zone $host zone=a:1m; limit_conn a 0;"#, #"invalid number of connections "0""#),
        (#"limit_conn_zone $host zone=a:1m; limit_conn a x;"#, #"invalid number of connections "x""#),
        (#"limit_conn_zone $host zone=a:1m; limit_conn a 65536;"#, #"connection limit must be less 65536"#),
        (
            #"limit_conn_zone $host zone=a:1m; limit_conn a 1; limit_conn a 2;"#,
            #""limit_conn" directive is duplicate"#
        ),
        (#"limit_conn b 1;"#, #"zero size shared memory zone "b""#),
        (#"limit_conn_status 600;"#, #"value must be between 400 and 599"#),
    ]
    static let server: [(String, String)] = [
        (#"server_name *;"#, #"server name "*" is invalid"#),
        (#"server_name *a.com;"#, #"server name "*a.com" is invalid"#),
        (#"server_name .;"#, #"server name "." is invalid"#),
        (#"server_name ~;"#, #"empty regex in server name "~""#),
        (#"location /a {} location /a {}"#, #"duplicate location "/a""#),
        (#"location /a {} location ^~ /a {}"#, #"duplicate location "/a""#),
        (#"location = /a {} location =/a {}"#, #"duplicate location "/a""#),
        (#"location /a { location /b {} }"#, #"location "/b" is outside location "/a""#),
        (#"location ~ a { location /b {} }"#, #"location "/b" is outside location "a""#),
        (
            #"location = /a { location /a/b {} }"#,
            #"location "/a/b" cannot be inside the exact location "/a""#
        ),
        (#"location @a { location /b {} }"#, #"location "/b" cannot be inside the named location "@a""#),
        (#"location /a { location @b {} }"#, #"named location "@b" can be on the server level only"#),
        (#"location !~ a {}"#, #"invalid location modifier "!~""#),
        (
            #"location ~ a { proxy_pass http://127.0.0.1/; }"#,
            #""proxy_pass" cannot have URI part in location given by regular expression, or inside "#
                + #"named location, or inside "if" statement, or inside "limit_except" block"#
        ),
        (
            #"location @a { proxy_pass http://127.0.0.1/; }"#,
            #""proxy_pass" cannot have URI part in location given by regular expression, or inside "#
                + #"named location, or inside "if" statement, or inside "limit_except" block"#
        ),
        (#"proxy_pass http://127.0.0.1;"#, #""proxy_pass" directive is not allowed here"#),
        (#"ssl yes;"#, #"invalid value "yes" in "ssl" directive, it must be "on" or "off""#),
        (#"ssl_protocols TLSv1.2 foo;"#, #"invalid value "foo""#),
        (#"ssl_session_cache shared:a:1k;"#, #"session cache "shared:a:1k" is too small"#),
        (#"ssl_session_cache foo;"#, #"invalid session cache "foo""#),
        (#"if ($host) { proxy_pass http://127.0.0.1; }"#, #""proxy_pass" directive is not allowed here"#),
        (#"ssl_verify_client maybe;"#, #"invalid value "maybe""#),
        (#"location @x { alias /b; }"#, #"the "alias" directive cannot be used inside the named location"#),
        (#"alias /b;"#, #""alias" directive is not allowed here"#),
        (#"large_client_header_buffers 0 8k;"#, #""large_client_header_buffers" directive invalid value"#),
    ]
    static let location: [(String, String)] = [
        (#"auth_request /a; auth_request /b;"#, #""auth_request" directive is duplicate"#),
        (#"auth_request_set user x;"#, #"invalid variable name "user""#),
        (#"auth_request_set $uri x;"#, #"the duplicate "uri" variable"#),
        (#"mirror /a; mirror off;"#, #""mirror" directive is duplicate"#),
        (#"mirror off; mirror /a;"#, #""mirror" directive is duplicate"#),
        (#"valid_referers a.test a.test;"#, #"conflicting parameter "a.test""#),
        (#"valid_referers *.a.test .a.test;"#, #"conflicting parameter ".a.test""#),
        (#"valid_referers "";"#, #"invalid referer """#),
        (#"valid_referers a*b;"#, #"invalid hostname or wildcard "a*b""#),
        (#"valid_referers ~;"#, #"empty regex in "~""#),
        (
            #"valid_referers none ~x;"#,
            #"the "none" or "blocked" referers are specified in the "valid_referers" directive without any"#
                + " valid referer"
        ),
        (
            #"secure_link $arg_a; secure_link_secret x;"#,
            #""secure_link_secret" cannot be mixed with "secure_link" and "secure_link_md5""#
        ),
        (#"proxy_limit_rate x;"#, #""proxy_limit_rate" directive invalid value"#),
        (#"proxy_pass foo;"#, #"invalid URL prefix"#),
        (#"proxy_pass http:///a;"#, #"no host in upstream "/a""#),
        (#"proxy_pass http://127.0.0.1:x;"#, #"invalid port in upstream "127.0.0.1:x""#),
        (#"proxy_pass http://127.0.0.1:0;"#, #"invalid port in upstream "127.0.0.1:0""#),
        (#"proxy_pass http://unix:;"#, #"no path in the unix domain socket in upstream "unix:""#),
        (#"proxy_pass http://$nosuch;"#, #"unknown "nosuch" variable"#),
        (
            #"proxy_pass http://127.0.0.1; proxy_pass http://127.0.0.1;"#,
            #""proxy_pass" directive is duplicate"#
        ),
        (
            #"if ($host) { proxy_pass http://127.0.0.1/; }"#,
            #""proxy_pass" cannot have URI part in location given by regular expression, or inside "#
                + #"named location, or inside "if" statement, or inside "limit_except" block"#
        ),
        (
            #"limit_except GET { proxy_pass http://127.0.0.1/; }"#,
            #""proxy_pass" cannot have URI part in location given by regular expression, or inside "#
                + #"named location, or inside "if" statement, or inside "limit_except" block"#
        ),
        (#"grpc_pass 127.0.0.1;"#, #"no port in upstream "127.0.0.1""#),
        (#"grpc_pass grpcs://nosuch;"#, #"no port in upstream "nosuch""#),
        (#"grpc_pass 127.0.0.1:9000/a;"#, #"invalid host in upstream "127.0.0.1:9000/a""#),
        (#"grpc_pass http://127.0.0.1:90;"#, #"invalid host in upstream "http://127.0.0.1:90""#),
        (#"grpc_pass 127.0.0.1:99999;"#, #"invalid port in upstream "127.0.0.1:99999""#),
        (#"grpc_pass grpc://;"#, #"no host in upstream """#),
        (#"grpc_pass :90;"#, #"no host in upstream ":90""#),
        (#"grpc_pass unix:;"#, #"no path in the unix domain socket in upstream "unix:""#),
        (#"grpc_pass 127.0.0.1:1; grpc_pass 127.0.0.1:1;"#, #""grpc_pass" directive is duplicate"#),
        (#"limit_except GET { grpc_pass 127.0.0.1:1; }"#, #""grpc_pass" directive is not allowed here"#),
        (#"grpc_next_upstream foo;"#, #"invalid value "foo""#),
        (#"grpc_next_upstream_tries x;"#, #""grpc_next_upstream_tries" directive invalid number"#),
        (#"grpc_read_timeout x;"#, #""grpc_read_timeout" directive invalid value"#),
        (
            #"grpc_ssl_verify maybe;"#,
            #"invalid value "maybe" in "grpc_ssl_verify" directive, it must be "#
                + #""on" or "off""#
        ),
        (#"grpc_set_header a;"#, #"invalid number of arguments in "grpc_set_header" directive"#),
        (
            #"grpc_pass grpcs://127.0.0.1:1; grpc_ssl_verify on;"#,
            #"no grpc_ssl_trusted_certificate for grpc_ssl_verify"#
        ),
        (#"limit_except FOO { deny all; }"#, #"invalid method "FOO""#),
        (#"limit_except GET { root /; }"#, #""root" directive is not allowed here"#),
        (#"proxy_buffers 1 4k;"#, #"there must be at least 2 "proxy_buffers""#),
        (
            #"proxy_busy_buffers_size 1k;"#,
            #""proxy_busy_buffers_size" must be equal to or greater than the maximum of the value "#
                + #"of "proxy_buffer_size" and one of the "proxy_buffers""#
        ),
        (
            #"proxy_buffer_size 16k;"#,
            #""proxy_busy_buffers_size" must be less than the size of all "proxy_buffers" minus one buffer"#
        ),
        (
            #"proxy_max_temp_file_size 1k;"#,
            #""proxy_max_temp_file_size" must be equal to zero to disable temporary files usage or "#
                + #"must be equal to or greater than the maximum of the value of "proxy_buffer_size" and "#
                + #"one of the "proxy_buffers""#
        ),
        (#"proxy_next_upstream foo;"#, #"invalid value "foo""#),
        (#"proxy_redirect foo;"#, #"invalid parameter "foo""#),
        (#"proxy_redirect off; proxy_redirect a b;"#, #""proxy_redirect" directive is duplicate"#),
        (
            #"proxy_pass http://$host; proxy_redirect default;"#,
            #""proxy_redirect default" cannot be used with "proxy_pass" directive with variables"#
        ),
        (
            #"proxy_redirect default;"#,
            #""proxy_redirect default" should be placed after the "proxy_pass" directive"#
        ),
        (
            #"proxy_redirect default; proxy_pass http://127.0.0.1;"#,
            #""proxy_redirect default" should be placed after the "proxy_pass" directive"#
        ),
        (
            #"proxy_pass http://127.0.0.1; location /a/b { proxy_redirect default; }"#,
            #""proxy_redirect default" should be placed after the "proxy_pass" directive"#
        ),
        (#"proxy_bind foo;"#, #"invalid address "foo""#),
        (#"proxy_connect_timeout x;"#, #""proxy_connect_timeout" directive invalid value"#),
        (#"error_page 200 /x;"#, #"value "200" must be between 300 and 599"#),
        (#"error_page +404 /x;"#, #"invalid value "+404""#),
        (#"root $document_root;"#, #"the $document_root variable cannot be used in the "root" directive"#),
        (#"error_page 499 /x;"#, #"invalid value "499""#),
        (#"error_page =200 /x;"#, #"invalid value "=200""#),
        (#"root /a; alias /b;"#, #""alias" directive is duplicate, "root" directive was specified earlier"#),
        (#"index "";"#, #"index "" in "index" directive is invalid"#),
        (#"types { text/html { } }"#, #"unexpected "{""#),
        (#"allow foo;"#, #"invalid parameter "foo""#),
        (#"return foo;"#, #"invalid return code "foo""#),
        (#"return 1000;"#, #"invalid return code "1000""#),
        (#"set foo bar;"#, #"invalid variable name "foo""#),
        (#"set $host bar;"#, #"the duplicate "host" variable"#),
        (#"set $a $b;"#, #"unknown "b" variable"#),
        (#"rewrite a b c;"#, #"invalid parameter "c""#),
        (#"if $host {}"#, #"invalid condition "$host""#),
        (#"if ($host foo bar) {}"#, #"unexpected "foo" in condition"#),
        (#"if ($host =) {}"#, #"invalid condition "$host""#),
        (#"if ($host = a b) {}"#, #"invalid condition "$host""#),
        (#"if (-z x) {}"#, #"invalid condition "-z""#),
        (#"if (-f) {}"#, #"invalid condition "-f""#),
        (#"if () {}"#, #"invalid condition ")""#),
        (#"if (a = b) {}"#, #"invalid condition "a""#),
        (#"if ($host) { if ($uri) { } }"#, #""if" directive is not allowed here"#),
        (#"add_header a b foo;"#, #"invalid parameter "foo""#),
        (#"expires foo;"#, #""expires" directive invalid value"#),
        (#"expires @25h;"#, #""expires" directive daily time value must be less than 24 hours"#),
        (#"server_name a;"#, #""server_name" directive is not allowed here"#),
        (#"proxy_set_header a;"#, #"invalid number of arguments in "proxy_set_header" directive"#),
        (#"location /x;"#, #"directive "location" has no opening "{""#),
        (#"root /x {}"#, #"directive "root" is not terminated by ";""#),
        (#"charset $1;"#, #"unknown "1" variable"#),
        (
            #"grpc_pass 127.0.0.1:1; proxy_redirect default;"#,
            #""proxy_redirect default" should be placed after the "proxy_pass" directive"#
        ),
        (#"proxy_pas x;"#, #"unknown directive "proxy_pas", did you mean "proxy_pass"?"#),
    ]
}
