/// Files with the one thing that is wrong in them, in the words of nginx 1.22.
enum Samples {
    private static let long = String(repeating: "a", count: 4096)

    /// Of the language itself.
    static let unreadable: [(text: String, message: String)] = [
        ("events{}\n}", "unexpected \"}\" in /conf/t.conf:2"),
        ("events{}\n;", "unexpected \";\" in /conf/t.conf:2"),
        ("events{}\n{", "unexpected \"{\" in /conf/t.conf:2"),
        ("events{}\nworker_processes }", "unexpected \"}\" in /conf/t.conf:2"),
        ("events{", "unexpected end of file, expecting \"}\" in /conf/t.conf:1"),
        ("events{\n\n", "unexpected end of file, expecting \"}\" in /conf/t.conf:3"),
        (
            "events{}\nworker_processes 1",
            "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes 1 # x",
            "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes 1}",
            "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes \"1;\n\n",
            "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:4"
        ),
        (
            "events{}\nworker_processes \"1\"",
            "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes 1\\",
            "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:2"
        ),
        ("events", "unexpected end of file, expecting \";\" or \"}\" in /conf/t.conf:1"),
        ("events{}\nworker_processes \"1\"x;", "unexpected \"x\" in /conf/t.conf:2"),
        ("events{}\nworker_processes '1'\"2\";", "unexpected \"\"\" in /conf/t.conf:2"),
        ("events{}\nworker_processes '1'#;", "unexpected \"#\" in /conf/t.conf:2"),
        ("events{}\nworker_processes '1'};", "unexpected \"}\" in /conf/t.conf:2"),
        (
            "events{}\n\nworker_processes\n\(long);",
            "too long parameter \"aaaaaaaaaa...\" started in /conf/t.conf:4"
        ),
        (
            "events{}\nworker_processes \"\n\(long)\";",
            "too long parameter, probably missing terminating \"\"\" character in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes '\(long)';",
            "too long parameter, probably missing terminating \"'\" character in /conf/t.conf:2"
        ),
        ("events{}\ninclude;", "invalid number of arguments in \"include\" directive in /conf/t.conf:2"),
        ("events{}\ninclude a b;", "invalid number of arguments in \"include\" directive in /conf/t.conf:2"),
        (
            "events{}\ninclude \"a\")x;",
            "invalid number of arguments in \"include\" directive in /conf/t.conf:2"
        ),
        ("events{}\ninclude a {}", "directive \"include\" is not terminated by \";\" in /conf/t.conf:2"),
        ("events{}\ninclude a$b{", "directive \"include\" is not terminated by \";\" in /conf/t.conf:2"),
    ]
    /// What `include WORD;` looks for: shows how a word was read.
    static let includes: [(text: String, message: String)] = [
        ("nofile", "nofile"), ("/nofile", "//nofile"), ("a\\ b", "a\\ b"), ("\"a\\\\qb\\tx\"", "a\\qb\tx"),
        ("'a\\'b\\\"c'", "a'b\"c"), ("(\"a\")", "(\"a\")"), ("a${b}", "a${b}"), ("a${{b}", "a${{b}"),
        ("a\\;b", "a\\;b"), ("a#b", "a#b"), ("a\\\nb", "a\\\nb"), ("a'b\"c", "a'b\"c"), ("a}b", "a}b"),
        ("\\\\", "\\"), ("\\x", "\\x"), ("a$\\{b", "a$\\{b"), ("\"a;b{c}\"", "a;b{c}"), ("^\\.x$", "^\\.x$"),
        ("$", "$"), ("${", "${"), ("\"#\"", "#"), ("ä", "ä"), ("\\\\\\\\n", "\\\\n"), ("a\\\\\\nb", "a\\\nb"),
    ]

    /// Of the directives and where they stand.
    static let misplaced: [(text: String, message: String)] = [
        ("events{}\nfoo;", "unknown directive \"foo\" in /conf/t.conf:2"),
        ("events{}\nfoo\n1\n;", "unknown directive \"foo\" in /conf/t.conf:4"),
        ("events{}\nhttp { map $uri $x {\n{} }", "unexpected \"{\" in /conf/t.conf:3"),
        ("events{}\nhttp { map $uri $x {\na b {} } }", "unexpected \"{\" in /conf/t.conf:3"),
        (
            "events{}\nhttp { upstream u { root a; } }",
            "\"root\" directive is not allowed here in /conf/t.conf:2"
        ),
        (
            "events{}\nhttp { server { location / { if ($uri) { root a; } } if ($uri) {\nroot a; } } }",
            "\"root\" directive is not allowed here in /conf/t.conf:3"
        ),
        ("events{}\n\"\";", "unknown directive \"\" in /conf/t.conf:2"),
        ("events;", "directive \"events\" has no opening \"{\" in /conf/t.conf:1"),
        ("events{}\nhttp\n{ http {} }", "\"http\" directive is not allowed here in /conf/t.conf:3"),
        ("events{}\nhttp { location / {} }", "\"location\" directive is not allowed here in /conf/t.conf:2"),
        ("events{}\nevents{}", "\"events\" directive is duplicate in /conf/t.conf:2"),
        (
            "events{}\nworker_processes 1 {}",
            "directive \"worker_processes\" is not terminated by \";\" in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes 1 2;",
            "invalid number of arguments in \"worker_processes\" directive in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes;",
            "invalid number of arguments in \"worker_processes\" directive in /conf/t.conf:2"
        ),
        (
            "events{}\nworker_processes 1;\nworker_processes 2;",
            "\"worker_processes\" directive is duplicate in /conf/t.conf:3"
        ),
        (
            "events{}\nhttp{\nsatisfy any any;}",
            "invalid number of arguments in \"satisfy\" directive in /conf/t.conf:3"
        ),
        (
            "events{}\nhttp{server{return;}}",
            "invalid number of arguments in \"return\" directive in /conf/t.conf:2"
        ),
        (
            "events{}\nhttp{\nserver{\nevents{}}\nfoo;}",
            "\"events\" directive is not allowed here in /conf/t.conf:4"
        ),
        (
            "events{}\nhttp{\nserver{location / {\nroot a b;}}\nfoo;}",
            "invalid number of arguments in \"root\" directive in /conf/t.conf:4"
        ),
        ("events{}\nhttp{ upstream u {\nfoo;} events{} }", "unknown directive \"foo\" in /conf/t.conf:3"),
        (
            "events{}\nhttp{ root a; server { root b; root c;\n} }",
            "\"root\" directive is duplicate in /conf/t.conf:2"
        ),
    ]

    /// Of values.
    static let invalid: [(text: String, message: String)] = [
        (
            "events{}\nworker_rlimit_nofile -1;",
            "\"worker_rlimit_nofile\" directive invalid number in /conf/t.conf:2"
        ),
        ("events{}\nhttp{gzip_comp_level 10;}", "value must be between 1 and 9 in /conf/t.conf:2"),
        (
            "events{}\ndaemon x;",
            "invalid value \"x\" in \"daemon\" directive, it must be \"on\" or \"off\" in /conf/t.conf:2"
        ),
        (
            "events{}\nhttp{client_max_body_size x;}",
            "\"client_max_body_size\" directive invalid value in /conf/t.conf:2"
        ),
        (
            "events{}\nhttp{client_body_timeout 1hh;}",
            "\"client_body_timeout\" directive invalid value in /conf/t.conf:2"
        ),
        (
            "events{}\nhttp{client_header_buffer_size 1g;}",
            "\"client_header_buffer_size\" directive invalid value in /conf/t.conf:2"
        ),
    ]
}
