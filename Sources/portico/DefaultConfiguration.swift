/// The text of `conf/portico.conf`, for a folder that has none. A test compares the two.
enum DefaultConfiguration {
    static let name = "conf/portico.conf"

    static let text = #"""
        # The configuration that `portico` starts on when it is given none: a front tier on 127.0.0.1 with
        # three small gateways behind it, which this same file plays.
        #
        #   curl http://127.0.0.1:8080/            one gateway after the other answers
        #   curl -k https://127.0.0.1:8443/        the same through TLS
        #   curl -u ops:demo http://127.0.0.1:8080/status
        #   touch logs/gateway-2.dead              one gateway hangs up on everybody, and requests go on; rm revives it

        daemon off;
        worker_processes auto;
        pid logs/portico.pid;
        error_log logs/error.log notice;

        events {
            worker_connections 4096;
        }

        http {
            access_log logs/access.log;

            upstream gateways {
                zone gateways 64k;
                server 127.0.0.1:9001;
                server 127.0.0.1:9002;
                server 127.0.0.1:9003;
            }

            # The public endpoint.
            server {
                listen 127.0.0.1:8080 default_server;
                listen 127.0.0.1:8443 ssl default_server;
                server_name localhost;
                status_zone public;

                # A certificate made in memory at each start. In production: the paths of your own files.
                ssl_certificate self-signed;

                location / {
                    proxy_pass http://gateways;
                    health_check interval=2s;
                }

                location /status {
                    status;
                    allow 127.0.0.1;
                    deny all;
                    auth_basic "Portico status";
                    auth_basic_user_file ops.htpasswd;   # user ops, password demo
                }
            }

            # Three gateways for the demonstration: each says who it is and what it was told of the client, until it is
            # killed: 444 ends the connection without an answer.
            server {
                listen 127.0.0.1:9001;
                access_log off;
                default_type text/plain;
                if (-f logs/gateway-1.dead) { return 444; }
                return 200 "gateway 1\nX-Forwarded-For: $http_x_forwarded_for\nX-Forwarded-Proto: $http_x_forwarded_proto\nX-Forwarded-Host: $http_x_forwarded_host\nX-Real-IP: $http_x_real_ip\n";
            }
            server {
                listen 127.0.0.1:9002;
                access_log off;
                default_type text/plain;
                if (-f logs/gateway-2.dead) { return 444; }
                return 200 "gateway 2\nX-Forwarded-For: $http_x_forwarded_for\nX-Forwarded-Proto: $http_x_forwarded_proto\nX-Forwarded-Host: $http_x_forwarded_host\nX-Real-IP: $http_x_real_ip\n";
            }
            server {
                listen 127.0.0.1:9003;
                access_log off;
                default_type text/plain;
                if (-f logs/gateway-3.dead) { return 444; }
                return 200 "gateway 3\nX-Forwarded-For: $http_x_forwarded_for\nX-Forwarded-Proto: $http_x_forwarded_proto\nX-Forwarded-Host: $http_x_forwarded_host\nX-Real-IP: $http_x_real_ip\n";
            }
        }
        """#
}
