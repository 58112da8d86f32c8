// swift-tools-version:6.2
import PackageDescription

// One program for each way in which strangers' bytes come to a parser. A package of its own, because everything in it is built with the
// fuzzer's and the address sanitizer's instruments; the sources are the module's own, by links.
let entries = ["Shape", "Passwords", "System", "Cookies", "Autofill", "Collector"]

let instruments: [SwiftSetting] = [.swiftLanguageMode(.v6), .unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"])]

let package = Package(
    name: "fuzz",
    targets: [
        .systemLibrary(name: "CArchive"),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CZstd"),
        .target(name: "CLeakScan"),
        .target(name: "CivilTime", swiftSettings: instruments),
        .target(name: "Scalars", swiftSettings: instruments),
        .target(name: "LeakFiles", dependencies: ["CArchive", "CLeakScan", "CZlib", "CZstd", "CivilTime", "Scalars"], swiftSettings: instruments),
        .target(name: "FuzzDriver", dependencies: ["LeakFiles"], swiftSettings: instruments),
    ]
        + entries.map { entry in
            .executableTarget(
                name: "Fuzz" + entry, dependencies: ["FuzzDriver"], swiftSettings: instruments,
                // The default linker does not take the fuzzer's sections.
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
        }
)
