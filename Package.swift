// swift-tools-version: 6.2
import PackageDescription

// Every worker is one thread, so a release build counts references without atomics; and one static
// binary starts faster and shares more memory between workers than one with a dynamic runtime.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
let productSettings: [SwiftSetting] =
    settings + [
        // Exclusive access is checked by debug builds, which the tests run; the checks took an eighth of a
        // proxied request's time (perf: swift_beginAccess). Rooms are compiled apart; inlining over their
        // walls saves 7 % of a proxied request's instructions (callgrind). Object files hold LLVM's code, and
        // the linker makes one program of it: files are compiled apart otherwise, and what is called from one
        // place alone is inlined only so. That saves 11 % more. Frame pointers, which only profilers want,
        // are left out as in other servers' builds.
        .unsafeFlags(
            [
                "-assume-single-threaded", "-static-stdlib", "-enforce-exclusivity=unchecked",
                "-cross-module-optimization", "-Xfrontend", "-emit-bc", "-Xfrontend", "-lto=llvm-full",
                "-Xcc", "-Xclang", "-Xcc", "-mframe-pointer=none",
            ],
            .when(configuration: .release))
    ]
/// For a binary that goes with all that it loads (`conf/package/build oci`): the folder of libraries whose
/// code is to be in it, and what the loader of this machine makes possible. Nobody links to it.
let imageLinking =
    Context.environment["PORTICO_STATIC_LIBRARIES"].map { (folder: String) -> [String] in
        let options: [String] =
            Context.environment["PORTICO_LINKER_OPTIONS"]?.split(separator: " ").map(String.init) ?? []
        return ["-L", folder] + (["--no-export-dynamic"] + options).flatMap { ["-Xlinker", $0] }
    } ?? []
let linking: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-lto=llvm-full"] + imageLinking, .when(configuration: .release))
]

/// `portico-bench micro` counts the allocations of the statically linked runtime.
let countedAllocation = ["malloc", "calloc", "realloc", "posix_memalign"].flatMap {
    ["-Xlinker", "--wrap=\($0)"]
}

/// A room of the house: it may import only what stands in its list.
func room(_ name: String, _ below: [Target.Dependency], embedding files: [String] = []) -> Target {
    .target(
        name: name, dependencies: below, resources: files.map { .embedInCode($0) },
        swiftSettings: productSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let package = Package(
    name: "portico",
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL"),
        room("Core", []),
        room("HTTP", ["Core"]),
        room("Config", ["Core"]),
        room("Pattern", ["Core"]),
        room("Net", ["Core", "CLinux", "COpenSSL"]),
        room("Sharing", ["Core", "Net"]),
        room("Upstream", ["Core", "Config", "HTTP", "Net", "Sharing"]),
        room("Status", ["Core", "HTTP", "Net", "Sharing", "Upstream"], embedding: ["status.html"]),
        room("Proxy", ["Core", "Config", "HTTP", "Pattern", "Net", "Sharing", "Upstream", "Status"]),
        room("Checker", ["Core", "HTTP", "Net", "Sharing", "Upstream", "Proxy"]),
        room("Service", ["Core", "Config", "HTTP", "Net", "Sharing", "Upstream", "Proxy", "Checker"]),
        .executableTarget(
            name: "portico", dependencies: ["Service"], swiftSettings: productSettings,
            linkerSettings: linking),
        .executableTarget(
            name: "portico-bench",
            dependencies: ["Core", "HTTP", "Pattern", "Net", "Upstream", "Proxy", "CLinux"],
            path: "bench",
            exclude: ["scenarios", "stories", "gate.limits"], swiftSettings: productSettings,
            linkerSettings: linking + [.unsafeFlags(countedAllocation, .when(configuration: .release))]),
        // The parsers under mutated input: `swift run -c release portico-fuzz --help`.
        .executableTarget(
            name: "portico-fuzz",
            dependencies: ["Core", "HTTP", "Config", "Pattern", "Net", "Status", "Proxy", "CLinux"],
            path: "Tests/Fuzz", exclude: ["corpus"], swiftSettings: productSettings, linkerSettings: linking),
        tests("FuzzTests", ["portico-fuzz", "CLinux", "Core"]),
        .target(
            name: "TestSupport", dependencies: ["Core"], path: "Tests/TestSupport", swiftSettings: settings),
        tests("BenchTests", ["portico-bench", "Net", "Core"]),
        tests("CoreTests", ["Core"]),
        tests("HTTPTests", ["HTTP", "Core"]),
        tests("ConfigTests", ["Config", "Core", "portico-fuzz"]),
        tests("PatternTests", ["Pattern", "Core"]),
        tests("NetTests", ["Net", "Core", "COpenSSL"]),
        tests("SharingTests", ["Sharing", "Core", "Net"]),
        tests("UpstreamTests", ["Upstream", "Config", "Core", "Net", "Sharing"]),
        tests("StatusTests", ["Status", "Core", "Net", "Proxy", "Sharing", "Upstream"]),
        tests(
            "ProxyTests",
            ["Proxy", "Config", "Core", "HTTP", "Pattern", "Net", "Sharing", "Status", "Upstream"]),
        tests("ServiceTests", ["Service"]),
        tests("IntegrationTests", ["Core"]),
        tests("StyleTests", []),
    ]
)
