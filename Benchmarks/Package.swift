// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
let cSettings: [CSetting] = [.treatAllWarnings(as: .error)]
let frames: [Target.Dependency] = ["CBenchmarkSupport", "CBenchmarkFrames"]
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// Each program is a process of its own, so that each one's processor time is its own too.
// Scripts/bench builds and runs them.
let package = Package(
    name: "orrery-benchmarks",
    dependencies: [
        .package(name: "orrery", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .target(name: "CBenchmarkSupport", cSettings: cSettings),
        .target(name: "CBenchmarkFrames", cSettings: cSettings),
        .target(name: "CAllocationCounter", cSettings: cSettings),
        .target(name: "CPlainTwin", cSettings: cSettings),
        .target(name: "BenchmarkReport"),
        .target(name: "BenchmarkWorld"),
        .executableTarget(name: "bench-load", dependencies: frames, cSettings: cSettings),
        .executableTarget(name: "bench-rogues", dependencies: frames, cSettings: cSettings),
        .executableTarget(name: "bench-talkers", dependencies: frames, cSettings: cSettings),
        .executableTarget(name: "bench-resumers", dependencies: frames, cSettings: cSettings),
        .executableTarget(name: "bench-floor", dependencies: frames, cSettings: cSettings),
        .executableTarget(
            name: "bench-ecs",
            dependencies: [
                "CPlainTwin", "CAllocationCounter", argumentParser, .product(name: "OrreryECS", package: "orrery"),
            ]),
        .executableTarget(
            name: "bench-server",
            dependencies: [
                "BenchmarkReport", "BenchmarkWorld", "CBenchmarkSupport", "CAllocationCounter", argumentParser,
                .product(name: "OrreryServer", package: "orrery"), .product(name: "CrowdWorld", package: "orrery"),
            ]),
        .executableTarget(
            name: "bench-client",
            dependencies: [
                "BenchmarkReport", "CBenchmarkSupport", argumentParser,
                .product(name: "OrreryClient", package: "orrery"),
            ]),
        .executableTarget(
            name: "bench-cameras",
            dependencies: ["BenchmarkReport", argumentParser, .product(name: "OrreryClient", package: "orrery")]),
        .executableTarget(
            name: "orrery-bench",
            dependencies: [
                "BenchmarkReport", "BenchmarkWorld", "CBenchmarkSupport", "CBenchmarkFrames", "CPlainTwin",
                "CAllocationCounter", argumentParser, .product(name: "OrreryTesting", package: "orrery"),
                // The tool itself, which a row runs as a person does.
                .product(name: "orrery", package: "orrery"),
            ]),
    ]
)

let plainC = [
    "CBenchmarkSupport", "CBenchmarkFrames", "CAllocationCounter", "CPlainTwin", "bench-load", "bench-rogues",
    "bench-talkers", "bench-resumers", "bench-floor",
]
for target in package.targets where !plainC.contains(target.name) {
    target.swiftSettings = settings
}
