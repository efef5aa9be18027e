import Foundation

extension DifferentialGroup {
    static var access: DifferentialGroup {
        DifferentialGroup(
            name: "access",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
                    location / { allow 127.0.0.1; deny all; proxy_pass http://%GATEWAY1%; }
                    location /denied/ { deny 127.0.0.1; allow all; proxy_pass http://%GATEWAY1%; }
                    location /ranges/ { deny 10.1.0.0/16; allow 10.0.0.0/8; allow 2001:db8::/32; deny all;
                        proxy_pass http://%GATEWAY1%; }
                    location /none/ { deny all; error_page 403 = @sorry; proxy_pass http://%GATEWAY1%; }
                    location @sorry { return 200 "sorry\n"; }
                    location /any/ { satisfy any; allow 10.0.0.1; deny all; auth_basic "any";
                        auth_basic_user_file %PREFIX%/users; proxy_pass http://%GATEWAY1%; }
                    location /all/ { satisfy all; allow 10.0.0.1; deny all; auth_basic "all";
                        auth_basic_user_file %PREFIX%/users; proxy_pass http://%GATEWAY1%; }
                    location /return/ { deny all; return 200 "return comes before access\n"; }
                }
                """#,
            files: ["users": "anna:{PLAIN}secret\n"],
            cases: [
                .init("allowed", .get("/")),
                .init("denied", .get("/denied/")),
                .init("denied, HEAD", .head("/denied/")).ignoring("content-length"),
                .init("the first rule that fits decides", .get("/ranges/", ["X-Real-IP: 10.1.2.3"])),
                .init("a range allows", .get("/ranges/", ["X-Real-IP: 10.2.2.3"])),
                .init("an IPv6 range allows", .get("/ranges/", ["X-Real-IP: 2001:db8::7"])),
                .init("deny all", .get("/ranges/", ["X-Real-IP: 11.0.0.1"])),
                .init("403 with error_page", .get("/none/")),
                .init("satisfy any by address", .get("/any/", ["X-Real-IP: 10.0.0.1"])),
                .init("satisfy any by password", .get("/any/", ["Authorization: Basic YW5uYTpzZWNyZXQ="])),
                .init("satisfy any by neither", .get("/any/")),
                .init(
                    "satisfy all by both",
                    .get("/all/", ["X-Real-IP: 10.0.0.1", "Authorization: Basic YW5uYTpzZWNyZXQ="])),
                .init("satisfy all by address only", .get("/all/", ["X-Real-IP: 10.0.0.1"])),
                .init(
                    "satisfy all by password only", .get("/all/", ["Authorization: Basic YW5uYTpzZWNyZXQ="])),
                .init("return comes first", .get("/return/")),
                .init("a body is read past a refusal", .post("/denied/", "some body"), .get("/")),
            ])
    }

    static var basicAuth: DifferentialGroup {
        func basic(_ text: String) -> String {
            "Authorization: Basic " + Data(text.utf8).base64EncodedString()
        }
        return DifferentialGroup(
            name: "basic auth",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    auth_basic "closed site"; auth_basic_user_file %PREFIX%/users;
                    location / { proxy_set_header X-User $remote_user; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /open/ { auth_basic off; proxy_pass http://%GATEWAY1%; }
                    location /variable/ { auth_basic "for $arg_x"; proxy_pass http://%GATEWAY1%; }
                    location /page/ { error_page 401 /login; proxy_pass http://%GATEWAY1%; }
                    location /any/ { error_page 401 /let-in; proxy_pass http://%GATEWAY1%; }
                    location = /let-in { satisfy any; allow 127.0.0.1; proxy_pass http://%GATEWAY1%; }
                    location = /login { auth_basic off; return 200 "log in\n"; }
                }
                """#,
            files: [
                "users":
                    "# a comment\nanna:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\nbert:$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.\ncarl:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\ndora:{PLAIN}secret\n"
                    + "emil:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/:a comment\n\nfelix:\n"
            ],
            cases: [
                .init("no password", .get("/")),
                .init("no password, HEAD", .head("/")).ignoring("content-length"),
                .init("apr1", .get("/", [basic("anna:secret")])),
                .init("SHA-512", .get("/", [basic("bert:secret")])),
                .init("{SHA}", .get("/", [basic("carl:secret")])),
                .init("{PLAIN}", .get("/", [basic("dora:secret")])),
                .init("a comment after the hash", .get("/", [basic("emil:secret")])),
                .init("a wrong password", .get("/", [basic("anna:wrong")])),
                .init("an unknown user", .get("/", [basic("nobody:secret")])),
                .init("an empty password", .get("/", [basic("anna:")])),
                .init("no colon", .get("/", [basic("anna")])),
                .init("not base64", .get("/", ["Authorization: Basic ?!"])),
                .init("another scheme", .get("/", ["Authorization: Bearer x"])),
                .init("the scheme in small letters", .get("/", ["Authorization: basic YW5uYTpzZWNyZXQ="])),
                .init("two spaces after the scheme", .get("/", ["Authorization: Basic  YW5uYTpzZWNyZXQ="])),
                .init("switched off", .get("/open/")),
                .init("a page that one check lets in asks for no password", .get("/any/")),
                .init("a realm with a variable", .get("/variable/?x=me")),
                .init("401 with error_page", .get("/page/")),
                .init("a refusal keeps the connection", .get("/"), .get("/", [basic("anna:secret")])),
            ])
    }

    static var realIP: DifferentialGroup {
        DifferentialGroup(
            name: "real address",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; set_real_ip_from 127.0.0.0/8; real_ip_header X-Real-IP;
                    location / { return 200 "$remote_addr $realip_remote_addr\n"; }
                    location /gateway/ { proxy_set_header X-Real-IP $remote_addr; proxy_set_header Connection "";
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_pass http://%GATEWAY1%; } }
                server { listen 127.0.0.1:%PORT2%; set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8;
                    real_ip_header X-Forwarded-For; location / { return 200 "$remote_addr\n"; } }
                server { listen 127.0.0.1:%PORT3%; set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8;
                    real_ip_header X-Forwarded-For; real_ip_recursive on;
                    location / { return 200 "$remote_addr\n"; } }
                server { listen 127.0.0.1:%PORT4%; set_real_ip_from 192.0.2.1; real_ip_header X-Forwarded-For;
                    location / { return 200 "$remote_addr\n"; } }
                server { listen 127.0.0.1:%PORT5%; set_real_ip_from 127.0.0.1; real_ip_header X-Own;
                    location / { return 200 "$remote_addr $remote_port\n"; } }
                """#,
            cases: [
                .init("X-Real-IP", .get("/", ["X-Real-IP: 1.2.3.4"])),
                .init("none", .get("/")),
                .init("nonsense", .get("/", ["X-Real-IP: nonsense"])),
                .init("IPv6", .get("/", ["X-Real-IP: 2001:DB8::1"])),
                .init(
                    "what goes on to the gateway",
                    .get("/gateway/", ["X-Real-IP: 1.2.3.4", "X-Forwarded-For: 9.9.9.9"])),
                .init(
                    "the last of X-Forwarded-For", .get("/", ["X-Forwarded-For: 1.1.1.1, 2.2.2.2"]).onPort(2)),
                .init(
                    "the last even when trusted", .get("/", ["X-Forwarded-For: 1.1.1.1, 10.2.2.2"]).onPort(2)),
                .init(
                    "the last of several lines",
                    .get("/", ["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 3.3.3.3"]).onPort(2)),
                .init("recursive", .get("/", ["X-Forwarded-For: 1.1.1.1, 10.2.2.2, 10.3.3.3"]).onPort(3)),
                .init("recursive, all trusted", .get("/", ["X-Forwarded-For: 10.1.1.1, 10.2.2.2"]).onPort(3)),
                .init("recursive, nonsense before", .get("/", ["X-Forwarded-For: what, 10.2.2.2"]).onPort(3)),
                .init(
                    "recursive over several lines",
                    .get("/", ["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 10.3.3.3"]).onPort(3)),
                .init("a sender that is not trusted", .get("/", ["X-Forwarded-For: 1.1.1.1"]).onPort(4)),
                .init("a field of one's own, with a port", .get("/", ["X-Own: 1.2.3.4:567"]).onPort(5)),
                .init(
                    "a field of one's own, IPv6 with a port",
                    .get("/", ["X-Own: [2001:db8::1]:567"]).onPort(5)),
            ])
    }
}
