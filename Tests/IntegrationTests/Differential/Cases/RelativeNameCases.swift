extension DifferentialGroup {
    /// Names of files that variables make relative ones.
    static var relativeNames: DifferentialGroup {
        let password = ["Authorization: Basic dTpw"]
        return DifferentialGroup(
            name: "relative names",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location /r/ { root $arg_r; }
                    location /alias/ { alias $arg_r; }
                    location ~ ^/group/(.*)$ { alias $1; }
                    location /say { root $arg_r; return 200 "$document_root|$request_filename|$realpath_root\n"; }
                    location /users/ { auth_basic "x"; auth_basic_user_file $arg_f; alias %PREFIX%/www/r/; }
                }
                """#,
            files: ["www/r/page.txt": "page\n", "users": "u:{PLAIN}p\n"],
            cases: [
                .init("a root", .get("/r/page.txt?r=www"), .get("/r/page.txt?r=%PREFIX%/www")),
                .init(
                    "an alias", .get("/alias/page.txt?r=www/r/"), .get("/alias/page.txt?r=%PREFIX%/www/r/")),
                .init("an alias that is a group", .get("/group/www/r/page.txt"), .get("/group/none")),
                .init("what they say", .get("/say?r=www"), .get("/say?r=./www")),
                .init(
                    "users", .get("/users/page.txt?f=users", password),
                    .get("/users/page.txt?f=none", password),
                    .get("/users/page.txt?f=users")),
            ])
    }
}
