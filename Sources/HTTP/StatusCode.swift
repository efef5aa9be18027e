/// Status codes with nginx's words for them.
public enum StatusCode {
    /// Code and reason phrase for the status line; empty for codes without a standing phrase.
    @_effects(releasenone)
    public static func line(_ status: UInt16) -> StaticString {
        switch status {
        case 100: "100 Continue"
        case 101: "101 Switching Protocols"
        case 103: "103 Early Hints"
        case 200: "200 OK"
        case 201: "201 Created"
        case 202: "202 Accepted"
        case 204: "204 No Content"
        case 206: "206 Partial Content"
        case 301: "301 Moved Permanently"
        case 302: "302 Moved Temporarily"
        case 303: "303 See Other"
        case 304: "304 Not Modified"
        case 307: "307 Temporary Redirect"
        case 308: "308 Permanent Redirect"
        case 400: "400 Bad Request"
        case 401: "401 Unauthorized"
        case 402: "402 Payment Required"
        case 403: "403 Forbidden"
        case 404: "404 Not Found"
        case 405: "405 Not Allowed"
        case 406: "406 Not Acceptable"
        case 408: "408 Request Time-out"
        case 409: "409 Conflict"
        case 410: "410 Gone"
        case 411: "411 Length Required"
        case 412: "412 Precondition Failed"
        case 413: "413 Request Entity Too Large"
        case 414: "414 Request-URI Too Large"
        case 415: "415 Unsupported Media Type"
        case 416: "416 Requested Range Not Satisfiable"
        case 421: "421 Misdirected Request"
        case 429: "429 Too Many Requests"
        case 500: "500 Internal Server Error"
        case 501: "501 Not Implemented"
        case 502: "502 Bad Gateway"
        case 503: "503 Service Temporarily Unavailable"
        case 504: "504 Gateway Time-out"
        case 505: "505 HTTP Version Not Supported"
        case 507: "507 Insufficient Storage"
        default: ""
        }
    }

    /// The title of the built-in page, mostly what the status line says; empty for codes that have none.
    public static func title(_ status: UInt16) -> StaticString {
        switch status {
        case ..<300, 304: ""
        case 302: "302 Found"
        case 401: "401 Authorization Required"
        case 494: "400 Request Header Or Cookie Too Large"
        case 495: "400 The SSL certificate error"
        case 496: "400 No required SSL certificate was sent"
        case 497: "400 The plain HTTP request was sent to HTTPS port"
        default: line(status)
        }
    }
}
