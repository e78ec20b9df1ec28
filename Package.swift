// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Arrows only downward: a target names what it imports, top to bottom of this list.
// Tests/ArchitectureTests holds this manifest and every `import` line against the table in ARCHITECTURE.md.
let package = Package(
    name: "orrery",
    products: [
        .library(name: "OrreryECS", targets: ["OrrerySchema", "OrreryECS"]),
        .library(name: "OrreryServer", targets: ["OrrerySchema", "OrreryECS", "OrreryServer", "OrreryWebSocket"]),
        .library(name: "OrreryClient", targets: ["OrrerySchema", "OrreryClient", "OrreryWebSocket"]),
        .library(name: "OrreryTesting", targets: ["OrreryTesting"]),
        .executable(name: "orrery", targets: ["orrery"]),
        .executable(name: "solar-system", targets: ["SolarSystem"]),
        // The world of an example, which is also that of benchmarks.
        .library(name: "CrowdWorld", targets: ["CrowdWorld"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
    ],
    targets: [
        .target(name: "OrrerySchema"),
        .target(name: "CHeldValues"),
        .target(name: "OrreryECS", dependencies: ["CHeldValues", "OrrerySchema"]),
        .target(name: "OrreryStore", dependencies: ["OrrerySchema"]),
        .target(
            name: "OrreryQuery", dependencies: ["OrrerySchema", "OrreryStore"],
            // Square roots: without an import of the C library nothing else links it.
            linkerSettings: [.linkedLibrary("m")]),
        .target(name: "OrreryTransport"),
        .target(
            name: "OrreryWire", dependencies: ["OrrerySchema", "OrreryStore", "OrreryQuery", "OrreryTransport"]),
        .target(
            name: "OrrerySync",
            dependencies: [
                "OrrerySchema", "OrreryStore", "OrreryQuery", "OrreryWire", "OrreryTransport",
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        .systemLibrary(
            name: "CLibWebSockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev", "libev-dev", "libssl-dev"])]),
        .target(
            name: "CLibWebSocketsShim", dependencies: ["CLibWebSockets"],
            linkerSettings: [.linkedLibrary("ev"), .linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(
            name: "OrreryWebSocket", dependencies: ["OrreryTransport", "CLibWebSockets", "CLibWebSocketsShim"]),
        .target(
            name: "OrreryServer",
            dependencies: [
                "OrrerySchema", "OrreryECS", "OrreryStore", "OrreryQuery", "OrreryWire", "OrrerySync",
                "OrreryTransport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "OrreryClient",
            dependencies: [
                "OrrerySchema", "OrreryStore", "OrreryQuery", "OrreryWire", "OrrerySync", "OrreryTransport",
            ]),
        .target(name: "CTerminalWidth"),
        .target(
            name: "OrreryInspector",
            dependencies: [
                "CTerminalWidth", "OrrerySchema", "OrreryStore", "OrreryQuery", "OrrerySync", "OrreryClient",
            ]),
        .executableTarget(
            name: "orrery",
            dependencies: [
                "OrrerySchema", "OrreryQuery", "OrreryInspector", "OrreryClient", "OrreryWebSocket",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(
            name: "OrreryTesting",
            dependencies: [
                "OrrerySchema", "OrreryECS", "OrreryStore", "OrreryQuery", "OrreryWire", "OrrerySync",
                "OrreryTransport",
                "OrreryServer", "OrreryClient", .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "DriftServer",
            dependencies: ["OrrerySchema", "OrreryECS", "OrreryServer", "OrreryWebSocket"],
            path: "Examples/DriftServer"),
        .executableTarget(
            name: "DriftClient",
            dependencies: ["OrrerySchema", "OrreryClient", "OrreryWebSocket"],
            path: "Examples/DriftClient"),
        .target(
            name: "CrowdWorld", dependencies: ["OrrerySchema", "OrreryECS", "OrreryServer"],
            path: "Examples/Crowd/World"),
        .executableTarget(
            name: "CrowdServer",
            dependencies: ["CrowdWorld", "OrreryECS", "OrreryServer", "OrreryWebSocket"],
            path: "Examples/Crowd/Server"),
        .executableTarget(
            name: "CrowdClient",
            dependencies: ["OrrerySchema", "OrreryClient", "OrreryWebSocket"],
            path: "Examples/Crowd/Client"),
        .executableTarget(
            name: "SolarSystem",
            dependencies: [
                "OrrerySchema", "OrreryECS", "OrreryServer", "OrreryWebSocket",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Examples/SolarSystem",
            exclude: ["Resources/README.md"],
            resources: [.embedInCode("Resources/bodies.csv")]),

        .target(name: "OrreryRawPeer", path: "Tests/OrreryRawPeer"),
        .executableTarget(
            name: "simulate",
            dependencies: [
                "OrreryTesting", "OrrerySchema", "OrreryECS", "OrreryStore", "OrreryQuery", "OrreryWire", "OrrerySync",
                "OrreryServer", "OrreryClient", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Simulate"),
        .executableTarget(
            name: "FuzzQueries",
            dependencies: [
                "OrrerySchema", "OrreryStore", "OrreryQuery", "OrreryTransport", "OrreryWire", "OrrerySync",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/FuzzQueries"),
        .testTarget(name: "OrrerySchemaTests", dependencies: ["OrrerySchema"]),
        .testTarget(name: "OrreryECSTests", dependencies: ["OrreryECS", "OrrerySchema"]),
        .testTarget(name: "OrreryStoreTests", dependencies: ["OrreryStore", "OrrerySchema"]),
        .testTarget(
            name: "OrreryQueryTests",
            dependencies: [
                "FuzzQueries", "orrery", "OrreryInspector", "OrreryClient", "OrreryWebSocket", "OrrerySync",
                "OrreryWire",
                "OrreryTransport", "OrreryQuery", "OrreryStore", "OrrerySchema",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.copy("Golden")]),
        .testTarget(
            name: "OrreryWireTests",
            dependencies: ["OrreryWire", "OrreryTransport", "OrreryQuery", "OrreryStore", "OrrerySchema"],
            resources: [.copy("Golden")]),
        .testTarget(
            name: "OrreryClientTests",
            dependencies: [
                "OrreryTesting", "OrrerySchema", "OrreryECS", "OrrerySync", "OrreryServer", "OrreryClient",
                "OrreryTransport", "OrreryWebSocket",
            ]),
        .testTarget(
            name: "OrrerySyncTests",
            dependencies: [
                "simulate", "OrreryTesting", "OrrerySchema", "OrreryECS", "OrreryStore", "OrreryQuery", "OrreryWire",
                "OrrerySync", "OrreryServer", "OrreryClient",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "OrreryTransportTests", dependencies: ["OrreryTransport", "OrreryWebSocket", "OrreryRawPeer"]),
        .testTarget(
            name: "OrreryInspectorTests",
            dependencies: ["OrrerySchema", "OrreryStore", "OrreryQuery", "OrreryInspector"]),
        .testTarget(
            name: "OrreryToolTests",
            dependencies: [
                "OrrerySchema", "OrreryECS", "OrreryServer", "OrreryTransport", "OrreryWebSocket", "orrery",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "OrreryServerTests",
            dependencies: [
                "OrrerySchema", "OrreryECS", "OrreryStore", "OrreryQuery", "OrreryWire", "OrrerySync",
                "OrreryTransport",
                "OrreryServer", "OrreryClient", "OrreryWebSocket", "OrreryTesting", "OrreryRawPeer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ]),
        .testTarget(
            name: "SolarSystemTests",
            dependencies: [
                "SolarSystem", "OrreryECS", "OrreryRawPeer", "OrrerySchema", "OrreryWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.embedInCode("Resources/de421-check.csv")]),
        .testTarget(name: "ArchitectureTests"),
    ]
)

for target in package.targets where ![.system, .binary, .plugin].contains(target.type) {
    target.swiftSettings = settings
}
