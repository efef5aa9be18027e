extension DifferentialGroup {
    static var balancing: DifferentialGroup {
        func many(_ target: String, _ count: Int = 20) -> [Ask] { (0..<count).map { _ in .get(target) } }
        func clients(_ addresses: [String], _ target: String) -> [Ask] {
            addresses.map { .get(target, ["X-Real-IP: \($0)"]) }
        }
        return DifferentialGroup(
            name: "balancing",
            http: #"""
                upstream even { server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%; }
                upstream weighted { server %GATEWAY1% weight=5; server %GATEWAY2% weight=1; server %GATEWAY3% weight=2; }
                upstream down { server %GATEWAY1% down; server %GATEWAY2%; server %GATEWAY3%; }
                upstream backup { server %GATEWAY1%; server %GATEWAY2% backup; }
                upstream iphash { ip_hash; server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%; }
                upstream iphashweighted { ip_hash; server %GATEWAY1% weight=3; server %GATEWAY2% down; server %GATEWAY3%; }
                upstream hash { hash $arg_x; server %GATEWAY1%; server %GATEWAY2% weight=2; server %GATEWAY3%; }
                upstream hashtwo { hash $arg_x$uri; server %GATEWAY1%; server %GATEWAY2%; }
                upstream least { least_conn; server %GATEWAY1%; server %GATEWAY2% weight=2; server %GATEWAY3%; }
                upstream consistent { hash $arg_x consistent; server %GATEWAY1%; server %GATEWAY2% weight=2; server %GATEWAY3%; }
                upstream tries { server %DEAD%; server %GATEWAY1% down; }
                upstream alldown { server %GATEWAY1% down; server %GATEWAY2% down; }
                server { listen 127.0.0.1:%PORT1%; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
                    location /even { proxy_pass http://even; }
                    location /weighted { proxy_pass http://weighted; }
                    location /down { proxy_pass http://down; }
                    location /backup { proxy_pass http://backup; }
                    location /iphash { proxy_pass http://iphash; }
                    location /iphw { proxy_pass http://iphashweighted; }
                    location /hash { proxy_pass http://hash; }
                    location /twohash { proxy_pass http://hashtwo; }
                    location /least { proxy_pass http://least; }
                    location /consistent { proxy_pass http://consistent; }
                    location /tries { proxy_pass http://tries; add_header U $upstream_addr always; }
                    location /alldown { proxy_pass http://alldown; }
                    location /variable { proxy_pass http://$arg_to; }
                }
                """#,
            gateways: 3,
            cases: [
                .init("round robin", asks: many("/even")),
                .init("weights are interleaved", asks: many("/weighted")),
                .init("a server that is down", asks: many("/down", 6)),
                .init("a backup is left alone", asks: many("/backup", 4)),
                .init("all are down", .get("/alldown")),
                .init(
                    "ip_hash looks at three bytes",
                    asks: clients(
                        [
                            "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.2.1", "10.1.0.1", "192.168.4.5",
                            "192.168.7.5",
                            "172.16.9.9", "8.8.8.8", "9.9.9.9", "1.2.3.4", "5.6.7.8",
                        ], "/iphash")),
                .init(
                    "ip_hash of IPv6 looks at all",
                    asks: clients(
                        ["2001:db8::1", "2001:db8::2", "2001:db8:1::1", "::1", "fe80::7", "2001:db8::ffff"],
                        "/iphash")),
                .init(
                    "ip_hash with weights and one down",
                    asks: clients(
                        (0..<20).map { "10.\($0 * 3).\($0).1" }, "/iphw")),
                .init("hash", asks: (0..<20).map { .get("/hash?x=key\($0)") }),
                .init("hash of an empty key", asks: many("/hash", 4)),
                .init("consistent hash of an empty key", asks: many("/consistent", 6)),
                .init("a server that is down is no try", .get("/tries")),
                .init("hash of two variables", asks: (0..<10).map { .get("/twohash/\($0)?x=\($0 * 7)") }),
                .init("least_conn when idle", asks: many("/least", 12)),
                .init("a group named by a variable", .get("/variable?to=backup")),
                .init("an unknown group named by a variable", .get("/variable?to=nowhere.invalid")),
            ])
    }
}
