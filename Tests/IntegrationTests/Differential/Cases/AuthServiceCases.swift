import Foundation

/// What the documentation of three services for signing in has people write, with answers such as theirs.
extension DifferentialGroup {
    static var authServices: DifferentialGroup {
        DifferentialGroup(
            name: "services for signing in", http: oauth2Proxy + authelia + vouch,
            expectedAlarms: [],
            cases: oauth2ProxyCases + autheliaCases + vouchCases)
    }

    /// oauth2-proxy: "Configuring for use with the Nginx auth_request directive".
    private static let oauth2Proxy = #"""
        server { listen 127.0.0.1:%PORT1%; server_name app.test;
            location /oauth2/ {
                proxy_pass http://%GATEWAY1%;
                proxy_set_header Host $host;
                proxy_set_header X-Real-IP $remote_addr;
                proxy_set_header X-Auth-Request-Redirect $request_uri;
                proxy_set_header Connection "";
            }
            location = /oauth2/auth {
                proxy_pass http://%GATEWAY1%;
                proxy_set_header Host $host;
                proxy_set_header X-Real-IP $remote_addr;
                proxy_set_header X-Forwarded-Uri $request_uri;
                proxy_set_header Content-Length "";
                proxy_set_header Connection "";
                proxy_pass_request_body off;
            }
            location / {
                auth_request /oauth2/auth;
                error_page 401 =403 /oauth2/sign_in;
                auth_request_set $user $upstream_http_x_auth_request_user;
                auth_request_set $email $upstream_http_x_auth_request_email;
                proxy_set_header X-User $user;
                proxy_set_header X-Email $email;
                auth_request_set $token $upstream_http_x_auth_request_access_token;
                proxy_set_header X-Access-Token $token;
                proxy_set_header Connection "";
                auth_request_set $auth_cookie $upstream_http_set_cookie;
                add_header Set-Cookie $auth_cookie;
                auth_request_set $auth_cookie_name_upstream_1 $upstream_cookie_auth_cookie_name_1;
                if ($auth_cookie ~* "(; .*)") {
                    set $auth_cookie_name_0 $auth_cookie;
                    set $auth_cookie_name_1 "auth_cookie_name_1=$auth_cookie_name_upstream_1$1";
                }
                if ($auth_cookie_name_upstream_1) {
                    add_header Set-Cookie $auth_cookie_name_0;
                    add_header Set-Cookie $auth_cookie_name_1;
                }
                proxy_pass http://%GATEWAY1%/;
            }
        }

        """#

    private static var oauth2ProxyCases: [DifferentialCase] {
        let admitted = GatewayAnswer.raw(
            """
            HTTP/1.1 202 Accepted\r\nX-Auth-Request-User: anna\r\nX-Auth-Request-Email: anna@a.test\r\n\
            X-Auth-Request-Access-Token: t0k3n\r\nSet-Cookie: _oauth2_proxy=new; Path=/; HttpOnly\r\n\
            Content-Length: 0\r\n\r\n
            """)
        return [
            DifferentialCase(
                "oauth2-proxy: signed in", .get("/reports?year=26", ["Cookie: _oauth2_proxy=x"]),
                answers: [admitted, .fixed("the report\n")]),
            DifferentialCase(
                "oauth2-proxy: signed in, an upload", .post("/reports", "figures"),
                answers: [admitted, .fixed("thanks\n", status: "201 Created")]),
            DifferentialCase(
                "oauth2-proxy: not signed in", .get("/reports?year=26"),
                answers: [.fixed("Unauthorized\n", status: "401 Unauthorized"), .fixed("sign in here\n")]),
            DifferentialCase(
                "oauth2-proxy: its own pages", .get("/oauth2/start?rd=%2Fx"),
                answers: [.fixed("", status: "302 Found", fields: ["Location: https://idp.test/"])]),
            DifferentialCase(
                "oauth2-proxy: not allowed", .get("/"),
                answers: [.fixed("Forbidden\n", status: "403 Forbidden")]),
        ]
    }

    /// Authelia: its snippets "authelia-location.conf" and "authelia-authrequest.conf".
    private static let authelia = #"""
        server { listen 127.0.0.1:%PORT2%; server_name app.test;
            set $upstream_authelia http://%GATEWAY1%/api/authz/auth-request;
            location /internal/authelia/authz {
                internal;
                proxy_pass $upstream_authelia;
                proxy_set_header X-Original-Method $request_method;
                proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header Content-Length "";
                proxy_set_header Connection "";
                proxy_pass_request_body off;
                proxy_next_upstream error timeout invalid_header http_500 http_502 http_503;
                proxy_redirect http:// $scheme://;
                proxy_http_version 1.1;
                proxy_cache_bypass $cookie_session;
                proxy_no_cache $cookie_session;
                proxy_buffers 4 32k;
                client_body_buffer_size 128k;
                send_timeout 5m;
                proxy_read_timeout 240;
                proxy_send_timeout 240;
                proxy_connect_timeout 240;
            }
            location / {
                proxy_set_header Host $host;
                proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
                proxy_set_header Connection "";
                auth_request /internal/authelia/authz;
                auth_request_set $user $upstream_http_remote_user;
                auth_request_set $groups $upstream_http_remote_groups;
                auth_request_set $name $upstream_http_remote_name;
                auth_request_set $email $upstream_http_remote_email;
                proxy_set_header Remote-User $user;
                proxy_set_header Remote-Groups $groups;
                proxy_set_header Remote-Name $name;
                proxy_set_header Remote-Email $email;
                auth_request_set $redirection_url $upstream_http_location;
                error_page 401 =302 $redirection_url;
                proxy_pass http://%GATEWAY1%;
            }
        }

        """#

    private static var autheliaCases: [DifferentialCase] {
        let admitted = GatewayAnswer.fixed(
            "200 OK",
            fields: [
                "Remote-User: anna", "Remote-Groups: admins,dev", "Remote-Name: Anna A",
                "Remote-Email: anna@a.test", "Content-Type: text/plain; charset=utf-8",
            ])
        let redirected = GatewayAnswer.fixed(
            "<a href=\"https://auth.test/?rd=x\">401 Unauthorized</a>", status: "401 Unauthorized",
            fields: ["Location: https://auth.test/?rd=https%3A%2F%2Fapp.test%2F&rm=GET"])
        return [
            DifferentialCase(
                "Authelia: signed in", .get("/a?b=c", ["Cookie: authelia_session=x"]).onPort(2),
                answers: [admitted, .fixed("in\n")]),
            DifferentialCase(
                "Authelia: PUT", .request("PUT", "/a", body: "content").onPort(2),
                answers: [admitted, .fixed("put\n")]),
            DifferentialCase(
                "Authelia: not signed in", .get("/a?b=c").onPort(2), answers: [redirected]),
            DifferentialCase(
                "Authelia: not signed in, an upload", .post("/a", "content").onPort(2),
                answers: [redirected]),
            DifferentialCase(
                "Authelia: not allowed", .get("/a").onPort(2),
                answers: [.fixed("403 Forbidden", status: "403 Forbidden")]),
            DifferentialCase(
                "Authelia: the virtual endpoint is not for clients",
                .get("/internal/authelia/authz").onPort(2)),
        ]
    }

    /// Vouch Proxy: the configuration of its README.
    private static let vouch = #"""
        server { listen 127.0.0.1:%PORT3%; server_name app.test;
            auth_request /validate;
            location = /validate {
                proxy_pass http://%GATEWAY1%/validate;
                proxy_set_header Host $http_host;
                proxy_set_header Connection "";
                proxy_pass_request_body off;
                proxy_set_header Content-Length "";
                auth_request_set $auth_resp_x_vouch_user $upstream_http_x_vouch_user;
                auth_request_set $auth_resp_jwt $upstream_http_x_vouch_jwt;
                auth_request_set $auth_resp_err $upstream_http_x_vouch_err;
                auth_request_set $auth_resp_failcount $upstream_http_x_vouch_failcount;
            }
            error_page 401 = @error401;
            location @error401 {
                return 302 https://vouch.test/login?url=$scheme://$http_host$request_uri&vouch-failcount=$auth_resp_failcount&X-Vouch-Token=$auth_resp_jwt&error=$auth_resp_err;
            }
            location / {
                proxy_pass http://%GATEWAY1%;
                proxy_set_header X-Vouch-User $auth_resp_x_vouch_user;
                proxy_set_header Connection "";
            }
            location /set/ {
                auth_request_set $auth_resp_x_vouch_user $upstream_http_x_vouch_user;
                auth_request_set $auth_resp_err $upstream_http_x_vouch_err;
                auth_request_set $auth_resp_failcount $upstream_http_x_vouch_failcount;
                proxy_pass http://%GATEWAY1%;
                proxy_set_header X-Vouch-User $auth_resp_x_vouch_user;
                proxy_set_header Connection "";
            }
        }
        """#

    private static var vouchCases: [DifferentialCase] {
        let admitted = GatewayAnswer.fixed("200 OK", fields: ["X-Vouch-User: anna@a.test"])
        let refused = GatewayAnswer.fixed(
            "401", status: "401 Unauthorized",
            fields: ["X-Vouch-Err: no jwt found in request", "X-Vouch-Failcount: 2"])
        return ["/", "/set/"].flatMap { path in
            [
                DifferentialCase(
                    "Vouch: signed in at \(path)", .get(path, ["Cookie: VouchCookie=x"]).onPort(3),
                    answers: [admitted, .fixed("in\n")]),
                DifferentialCase(
                    "Vouch: not signed in at \(path)", .get("\(path)?a=b").onPort(3), answers: [refused]),
            ]
        }
    }
}
