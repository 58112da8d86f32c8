// swift-tools-version:6.2
import PackageDescription

// In CI a warning is an error; on a desk with a newer compiler it is a warning.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)] + strict

// Code at an address that nobody knows, and tables of addresses that are read-only before the first request.
let hardened: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-pie", "-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"], .when(platforms: [.linux]))
]

let package = Package(
    name: "datashield",
    products: [
        .executable(name: "datashield", targets: ["DataShieldExecutable"]),
        .executable(name: "datashield-demo", targets: ["DataShieldDemo"]),
        .library(name: "Postgres", targets: ["Postgres"]),
    ],
    // The floors are what is built and tested here: an older one may lack a fix.
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibCurl"),
        .systemLibrary(name: "CLibLDAP"),
        .systemLibrary(name: "CLibPQ"),
        .systemLibrary(name: "CLibCrypt"),
        .systemLibrary(name: "CLibCrypto"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CArchive"),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CZstd"),
        .target(name: "CLeakScan"),
        .target(name: "CivilTime", swiftSettings: settings),
        .target(name: "JSON", swiftSettings: settings),
        .target(name: "Scalars", swiftSettings: settings),
        .target(name: "Threads", swiftSettings: settings),
        .target(name: "Cryptography", dependencies: ["CLibCrypto"], exclude: ["README.md"], swiftSettings: settings),
        .target(name: "HTTPClient", dependencies: ["CLibCurl"], swiftSettings: settings),
        .target(
            name: "LDAP", dependencies: ["CLibLDAP", "CLinux", "CivilTime", "Threads"], exclude: ["README.md"], swiftSettings: settings),
        .target(
            name: "LeakFiles", dependencies: ["CArchive", "CLeakScan", "CZlib", "CZstd", "CivilTime", "Scalars"], exclude: ["README.md"],
            swiftSettings: settings),
        .target(name: "SCIM", dependencies: ["JSON", "Scalars"], exclude: ["README.md"], swiftSettings: settings),
        .target(
            name: "Postgres",
            dependencies: [
                "CLibPQ", "CivilTime", "Scalars", "Threads",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"],
            swiftSettings: settings),
        .target(
            name: "Jobs",
            dependencies: [
                "Postgres",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"],
            resources: [.copy("Migrations")],
            swiftSettings: settings),
        .target(
            name: "PostgresCluster",
            dependencies: [
                "Postgres", "Scalars",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "DataShield",
            dependencies: [
                "CLibCrypt", "CLinux", "CZlib", "CZstd", "CivilTime", "Cryptography", "HTTPClient", "JSON", "Jobs", "LDAP", "LeakFiles", "Postgres",
                "SCIM",
                "Scalars",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Resources/Templates"), .copy("Resources/Assets"), .copy("Resources/Migrations"), .copy("Resources/Data")],
            swiftSettings: settings),
        .target(
            name: "Sandbox",
            dependencies: [
                "Cryptography",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"],
            resources: [.copy("Resources")],
            swiftSettings: settings),
        .target(
            name: "DataShieldCommand",
            dependencies: [
                "Cryptography", "DataShield", "LeakFiles", "PostgresCluster", "Scalars",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(name: "DataShieldExecutable", dependencies: ["DataShieldCommand"], swiftSettings: settings, linkerSettings: hardened),
        .executableTarget(
            name: "DataShieldDemo",
            dependencies: [
                "DataShield", "DataShieldCommand", "PostgresCluster", "Sandbox",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings, linkerSettings: hardened),
        .target(
            name: "DataShieldTestSupport",
            dependencies: ["DataShield", "HTTPClient", "Jobs", "Postgres", "Sandbox"],
            swiftSettings: settings),
        .executableTarget(
            name: "Benchmarks",
            dependencies: ["DataShield", "HTTPClient", "LeakFiles", "Postgres", "Sandbox"],
            path: "Benchmarks/Benchmarks",
            swiftSettings: settings),
        .testTarget(name: "ScalarsTests", dependencies: ["Scalars"], swiftSettings: settings),
        .testTarget(name: "CryptographyTests", dependencies: ["CLibCrypto", "Cryptography"], exclude: ["Vectors"], swiftSettings: settings),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres"], swiftSettings: settings),
        .testTarget(name: "HTTPClientTests", dependencies: ["HTTPClient"], swiftSettings: settings),
        .testTarget(name: "LDAPTests", dependencies: ["LDAP", "DataShieldTestSupport"], swiftSettings: settings),
        .testTarget(name: "LeakFilesTests", dependencies: ["CArchive", "CZlib", "CZstd", "LeakFiles"], swiftSettings: settings),
        .testTarget(name: "SCIMTests", dependencies: ["JSON", "SCIM"], swiftSettings: settings),
        .testTarget(name: "PostgresClusterTests", dependencies: ["DataShield", "PostgresCluster"], swiftSettings: settings),
        .testTarget(name: "JobsTests", dependencies: ["Jobs", "DataShieldTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "DataShieldTests",
            dependencies: [
                "CZlib", "CZstd", "Cryptography", "DataShield", "DataShieldTestSupport", "HTTPClient", "JSON", "LeakFiles", "SCIM", "Sandbox",
                "Scalars",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SandboxTests",
            dependencies: ["HTTPClient", "Sandbox", .product(name: "NIOHTTP1", package: "swift-nio")],
            swiftSettings: settings),
    ]
)
