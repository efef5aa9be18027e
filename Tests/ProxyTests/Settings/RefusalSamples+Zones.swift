/// Of zones and what they are for, and of what is named in one place and defined in another.
extension RefusalSamples {
    private static let group = "upstream a { zone z 64k; server 127.0.0.1:1; }"

    static let zones: [(String, String)] = [
        (#"upstream a { zone ""; server 127.0.0.1:1; }"#, #"invalid zone name """#),
        (#"upstream a { zone z x; server 127.0.0.1:1; }"#, #"invalid zone size "x""#),
        (#"upstream a { zone z 31k; server 127.0.0.1:1; }"#, #"zone "z" is too small"#),
        (#"upstream a { zone z; server 127.0.0.1:1; }"#, #"zero size shared memory zone "z""#),
        (
            group + #" upstream b { zone z 128k; server 127.0.0.1:1; }"#,
            #"the size 131072 of shared memory zone "z" conflicts with already declared size 65536"#
        ),
        (
            group + #" limit_req_zone $uri zone=z:64k rate=1r/s;"#,
            #"the shared memory zone "z" is already declared for a different use"#
        ),
        (
            #"limit_conn_zone $uri zone=z:64k; "# + group,
            #"the shared memory zone "z" is already declared for a different use"#
        ),
        (
            #"ssl_session_cache shared:z:1m; limit_conn_zone $uri zone=z:1m;"#,
            #"the shared memory zone "z" is already declared for a different use"#
        ),
        (
            #"ssl_session_cache shared:z:64k; server { listen 8080; ssl_session_cache shared:z:1m; }"#,
            #"the size 1048576 of shared memory zone "z" conflicts with already declared size 65536"#
        ),
        (#"upstream a { server http://127.0.0.1; }"#, #"invalid host in upstream "http://127.0.0.1""#),
        (#"upstream a { server 127.0.0.1:80/; }"#, #"invalid host in upstream "127.0.0.1:80/""#),
        (#"upstream a { server ::1; }"#, #"invalid port in upstream "::1""#),
        (#"upstream a { server [::1; }"#, #"invalid host in upstream "[::1""#),
        (#"server { listen /path; }"#, #"invalid host in "/path" of the "listen" directive"#),
        (#"server { listen ::1; }"#, #"invalid port in "::1" of the "listen" directive"#),
        (#"resolver 127.0.0.1/8; server { listen 8080; }"#, #"invalid host in resolver "127.0.0.1/8""#),
        (#"upstream a { server 127.0.0.1:1 backup; }"#, #"no servers in upstream "a""#),
        (
            #"ssl_certificate /c.pem; server { listen 8080; }"#,
            #"no "ssl_certificate_key" is defined for certificate "/c.pem""#
        ),
        (#"aio threads=p; server { listen 8080; }"#, #"unknown thread pool "p""#),
        (#"aio threads=; server { listen 8080; }"#, #"unknown thread pool """#),
        (#"split_clients $uri $x { 1.5.5% a; }"#, #"invalid percent value "1.5.5%""#),
        (#"split_clients $uri $x { .% a; }"#, #"invalid percent value ".%""#),
    ]
}
