import BenchmarkReport
import Foundation

/// `orrery-bench interest --row regions`: a part of space for each session.
extension InterestCommand {
    func measureRegions() throws -> (Result, Bool) {
        var scene = Scene(
            rate: 20, subscribers: sessions ?? 1000, isCrowd: true, queries: ["Position within 56 of #v1 by Position"])
        let (server, floor) = try measureBoth(scene, shares: 3)
        var alone = scene
        alone.subscribers = 0
        let empty = try measure(Stage.serving(alone), shares: 6)
        scene.rate = 40
        let fast = try measure(Stage.serving(scene), shares: 6)
        let ratio = try server.perDelivery() / floor.perDelivery()
        let corePercent = server.millisecondsPerTick() * 20 / 10
        let size = (Int(server.residentSize) - Int(empty.residentSize)) / scene.subscribers
        var result = Result()
        result.set("name", Row.regions.rawValue)
        result.set("sessions", scene.subscribers)
        result.set("ratio", ratio, digits: 2)
        result.set("core_percent", corePercent, digits: 1)
        result.set("bytes_per_session", size)
        result.set("ticks_missed_at_40_hz", Int(fast.missedTicks))
        try report(server, floor, in: &result)
        return (
            result,
            ratio <= 2.2 && corePercent <= 30 && size <= 64 << 10 && server.missedTicks == 0 && fast.missedTicks == 0
        )
    }

    /// Clients that move their regions on and on.
    func measureCameras() throws -> (Result, Bool) {
        let clients = sessions ?? 100
        let stage = try Stage.serving(Scene(rate: 20, subscribers: 0, connections: clients, isCrowd: true))
        let cameras = try ChildProcess(
            "bench-cameras", [stage.url, "--clients", "\(clients)", "--seconds", "\(seconds)"])
        // Until then, lists grow as they do with the first regions.
        Thread.sleep(forTimeInterval: min(5, seconds / 2))
        let early = try stage.look()
        let report = try cameras.readReport(CamerasReport.self)
        let late = try stage.look()
        let missed = late.lateTickCount + late.skippedTickCount - early.lateTickCount - early.skippedTickCount
        var result = Result()
        result.set("name", Row.cameras.rawValue)
        result.set("sessions", clients)
        result.set("moves_per_second", Double(report.moves) / seconds / Double(clients), digits: 2)
        result.set("superseded", report.superseded)
        result.set("entities", report.entities)
        result.set("ticks_missed", Int(missed))
        result.set("megabytes_early", Double(early.residentSize) / 1e6, digits: 1)
        result.set("megabytes", Double(late.residentSize) / 1e6, digits: 1)
        return (result, missed == 0 && Double(late.residentSize) <= 1.1 * Double(early.residentSize))
    }
}
