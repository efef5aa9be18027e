internal import CLinux
internal import Glibc

/// The system's zlib: its functions, looked up at run time, so that nothing but its library is needed.
///
/// The types are those of its header, which have not changed in version 1.
package struct Zlib: Sendable {
    typealias Stream = UnsafeMutablePointer<portico_zlib_stream>
    typealias Text = UnsafePointer<CChar>
    typealias Version = @Sendable @convention(c) () -> Text?
    typealias DeflateInit =
        @Sendable @convention(c) (Stream, Int32, Int32, Int32, Int32, Int32, Text, Int32) -> Int32
    typealias InflateInit = @Sendable @convention(c) (Stream, Int32, Text, Int32) -> Int32
    typealias Code = @Sendable @convention(c) (Stream, Int32) -> Int32
    typealias Order = @Sendable @convention(c) (Stream) -> Int32

    /// `nil`: this machine has none. The master asks first, so that workers have inherited it.
    package static let system = Zlib("libz.so.1")

    let version: Version
    let deflateInit: DeflateInit
    let deflate: Code
    let deflateReset: Order
    let deflateEnd: Order
    let inflateInit: InflateInit
    let inflate: Code
    let inflateReset: Order
    let inflateEnd: Order

    /// - Returns: `nil` if there is no such library, or it is none of zlib's version 1. It stays loaded.
    private init?(_ name: String) {
        guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL),
            let version = dlsym(library, "zlibVersion"),
            let deflateInit = dlsym(library, "deflateInit2_"), let deflate = dlsym(library, "deflate"),
            let deflateReset = dlsym(library, "deflateReset"),
            let deflateEnd = dlsym(library, "deflateEnd"),
            let inflateInit = dlsym(library, "inflateInit2_"), let inflate = dlsym(library, "inflate"),
            let inflateReset = dlsym(library, "inflateReset"),
            let inflateEnd = dlsym(library, "inflateEnd")
        else { return nil }
        self.version = unsafeBitCast(version, to: Version.self)
        self.deflateInit = unsafeBitCast(deflateInit, to: DeflateInit.self)
        self.deflate = unsafeBitCast(deflate, to: Code.self)
        self.deflateReset = unsafeBitCast(deflateReset, to: Order.self)
        self.deflateEnd = unsafeBitCast(deflateEnd, to: Order.self)
        self.inflateInit = unsafeBitCast(inflateInit, to: InflateInit.self)
        self.inflate = unsafeBitCast(inflate, to: Code.self)
        self.inflateReset = unsafeBitCast(inflateReset, to: Order.self)
        self.inflateEnd = unsafeBitCast(inflateEnd, to: Order.self)
        guard self.version()?.pointee == CChar(bitPattern: UInt8(ascii: "1")) else { return nil }
    }
}
