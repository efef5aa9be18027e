/// Heads as programs send them.
enum SampleHeads {
    static var requests: [(name: String, text: String)] {
        [("curl", curl), ("chrome", chrome), ("firefox", firefox), ("safari", safari)]
    }

    static var responses: [(name: String, text: String)] {
        [("small", smallResponse), ("application", applicationResponse)]
    }

    private static func lines(_ text: String) -> String {
        text.split(separator: "\n").map { $0 + "\r\n" }.joined() + "\r\n"
    }

    private static var curl: String {
        lines(
            """
            GET /api/v1/orders?limit=20 HTTP/1.1
            Host: shop.example.com
            User-Agent: curl/8.5.0
            Accept: */*
            """)
    }

    private static var chrome: String {
        lines(
            """
            GET /products/coffee?ref=home HTTP/1.1
            Host: shop.example.com
            Connection: keep-alive
            Cache-Control: max-age=0
            sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"
            sec-ch-ua-mobile: ?0
            sec-ch-ua-platform: "Windows"
            Upgrade-Insecure-Requests: 1
            User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/130.0.0.0 Safari/537.36
            Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,\
            application/signed-exchange;v=b3;q=0.7
            Sec-Fetch-Site: same-origin
            Sec-Fetch-Mode: navigate
            Sec-Fetch-User: ?1
            Sec-Fetch-Dest: document
            Referer: https://shop.example.com/
            Accept-Encoding: gzip, deflate, br, zstd
            Accept-Language: en-GB,en-US;q=0.9,en;q=0.8
            Cookie: session=8d7a1f0c5b6e4a3f9c2d1e0f7a6b5c4d; theme=dark; cart=3
            """)
    }

    private static var firefox: String {
        lines(
            """
            GET /products/coffee HTTP/1.1
            Host: shop.example.com
            User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0
            Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
            Accept-Language: en-US,en;q=0.5
            Accept-Encoding: gzip, deflate, br, zstd
            Connection: keep-alive
            Cookie: session=8d7a1f0c5b6e4a3f9c2d1e0f7a6b5c4d
            Upgrade-Insecure-Requests: 1
            Sec-Fetch-Dest: document
            Sec-Fetch-Mode: navigate
            Sec-Fetch-Site: none
            Sec-Fetch-User: ?1
            Priority: u=0, i
            """)
    }

    private static var safari: String {
        lines(
            """
            GET /products/coffee HTTP/1.1
            Host: shop.example.com
            Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
            Cookie: session=8d7a1f0c5b6e4a3f9c2d1e0f7a6b5c4d
            User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
            Version/18.0 Safari/605.1.15
            Accept-Language: en-GB,en;q=0.9
            Accept-Encoding: gzip, deflate, br
            Connection: keep-alive
            """)
    }

    private static var smallResponse: String {
        lines(
            """
            HTTP/1.1 200 OK
            Content-Type: text/plain
            Content-Length: 6
            """)
    }

    private static var applicationResponse: String {
        lines(
            """
            HTTP/1.1 200 OK
            Server: gunicorn
            Date: Mon, 23 Nov 2026 10:00:00 GMT
            Connection: keep-alive
            Content-Type: text/html; charset=utf-8
            Content-Length: 18231
            X-Frame-Options: DENY
            Vary: Cookie, Accept-Encoding
            Cache-Control: private, max-age=0, must-revalidate
            ETag: "5f2b1c-4737"
            X-Content-Type-Options: nosniff
            Referrer-Policy: same-origin
            Set-Cookie: session=8d7a1f0c5b6e4a3f9c2d1e0f7a6b5c4d; HttpOnly; Path=/; SameSite=Lax; Secure
            """)
    }
}
