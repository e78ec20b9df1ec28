// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Scripts/fuzz says where libFuzzer is, and has everything compiled with the coverage that it follows, dependencies
// too.
let package = Package(
    name: "orrery-fuzzing",
    dependencies: [.package(name: "orrery", path: "../..")],
    targets: [
        .target(name: "CLibFuzzer"),
        .target(name: "FuzzInput", dependencies: ["CLibFuzzer"], swiftSettings: settings),
        .executableTarget(
            name: "fuzz-server",
            dependencies: [
                "FuzzInput", .product(name: "OrreryServer", package: "orrery"),
                .product(name: "OrreryClient", package: "orrery"),
                .product(name: "OrreryTesting", package: "orrery"),
            ],
            path: "Sources/FuzzServer", swiftSettings: settings),
        .executableTarget(
            name: "fuzz-client",
            dependencies: [
                "FuzzInput", .product(name: "OrreryClient", package: "orrery"),
                .product(name: "OrreryTesting", package: "orrery"),
            ],
            path: "Sources/FuzzClient", swiftSettings: settings),
    ]
)
