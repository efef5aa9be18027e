import Foundation
import TestSupport
import Testing

/// Content of requests of every size reaches the gateway as it is, whichever way it is framed and kept.
@Suite("Large content", .serialized) struct LargeContentTests {
    /// No file can be made where memory is allowed.
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            client_max_body_size 0;
            client_body_temp_path %PREFIX%/bodies;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            upstream app { server %GATEWAY1% max_fails=0; keepalive 4; }
            upstream secure { server 127.0.0.1:%PORT2%; keepalive 4; }
            upstream shared { server 127.0.0.1:%PORT1%; keepalive 4; }
            server { listen 127.0.0.1:%PORT1%; http2 on; listen 127.0.0.1:%PORT2% ssl rcvbuf=8k;
                ssl_certificate server.crt; ssl_certificate_key server.key;
                location /memory { client_body_buffer_size 2m; client_body_temp_path /proc;
                    proxy_pass http://app; }
                location /file { proxy_pass http://app; }
                location /stream { proxy_request_buffering off; proxy_pass http://app; }
                # Clients and gateways of TLS.
                location /tls/memory { client_body_buffer_size 2m; client_body_temp_path /proc;
                    proxy_pass https://secure/memory; }
                location /tls/file { proxy_pass https://secure/file; }
                location /tls/stream { proxy_request_buffering off; proxy_pass https://secure/stream; }
                # Gateways of HTTP/2, plain and of TLS.
                location /h2/memory { client_body_buffer_size 2m; client_body_temp_path /proc;
                    proxy_http_version 2; proxy_pass http://shared/file; }
                location /h2/file { proxy_http_version 2; proxy_pass http://shared/file; }
                location /h2/stream { proxy_request_buffering off; proxy_http_version 2;
                    proxy_pass http://shared/stream; }
                location /h2s/file { proxy_http_version 2; proxy_pass https://secure/file; }
                location /h2s/stream { proxy_request_buffering off; proxy_http_version 2;
                    proxy_pass https://secure/stream; } }
        }
        """

    /// Around what is joined to a head, what stays small, what a file begins with, and what a stream holds.
    private static let sizes = [1, 2000, 4097, 16_384, 16_385, 65_536, 70_001, 1 << 20]

    /// Bytes that tell where they stand.
    private static func content(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    private static func framed(_ content: [UInt8], chunked: Bool) -> (field: String, bytes: [UInt8]) {
        guard chunked else { return ("Content-Length: \(content.count)", content) }
        var out: [UInt8] = []
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(50_003)
            out += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
            rest = rest.dropFirst(piece.count)
        }
        return ("Transfer-Encoding: chunked", out + Array("0\r\n\r\n".utf8))
    }

    @Test(
        "it arrives whole, and the next request behind it is found",
        arguments: [
            "/memory", "/file", "/stream", "/tls/memory", "/tls/file", "/tls/stream", "/h2/memory",
            "/h2/file",
            "/h2/stream", "/h2s/file", "/h2s/stream",
        ], [false, true])
    func arrives(path: String, chunked: Bool) throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["localhost"], in: directory)
        let server = try Server(Self.text, gateways: [gateway], directory: directory)
        let client = try RawClient(port: server.port)
        for size in Self.sizes {
            gateway.forget()
            let content = Self.content(size)
            let (field, bytes) = Self.framed(content, chunked: chunked)
            // What comes with the head, a part of the rest, and the end with another request behind it.
            let (first, second) = (min(700, size / 2), size / 2)
            client.send(Array("POST \(path) HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n".utf8) + bytes[..<first])
            client.send(Array(bytes[first..<second]))
            client.send(bytes[second...] + Array("GET \(path)/next HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect(try client.response(to: "POST", within: 20).status == 200, "\(path) \(size)")
            #expect(try client.response(within: 20).status == 200, "\(path) \(size)")
            let requests = gateway.requests
            #expect(requests.count == 2)
            let isSame = requests.first?.body == content && requests.first?.isBodyWhole == true
            #expect(isSame, "\(path) \(size), \(requests.first?.body.count ?? -1) bytes came")
        }
        client.close()
        server.finish()
    }
}
