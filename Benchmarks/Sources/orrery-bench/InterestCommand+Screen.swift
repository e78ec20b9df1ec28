import BenchmarkReport
import CBenchmarkSupport
import Foundation

extension InterestCommand {
    /// The tool on a terminal, which shows a few of many entities.
    func measureScreen() throws -> (Result, Bool) {
        let (shown, components) = (50, 5)
        var scene = Scene(entities: 100_000, changedPercent: 1, rate: rate, subscribers: 0)
        scene.watched = shown
        let stage = try Stage.serving(scene)
        let alone = try stage.measure(seconds: max(1, seconds / 4))
        let tool = try TerminalProcess(
            "orrery",
            ["inspect", "--query", "Level, Position, Velocity, Force, Spin where Level.group = 0", stage.url])
        try tool.wait(for: "\(shown) entities")
        // The first state is behind it, and the first drawing.
        Thread.sleep(forTimeInterval: 1)
        var (bytes, processorTime, duration) = (0, UInt64(0), UInt64(0))
        let with = try stage.measure {
            let start = (try stage.sentBytes(), tool.processorTime, bench_now())
            Thread.sleep(forTimeInterval: max(1, seconds * 3 / 4))
            (bytes, processorTime, duration) = (
                try stage.sentBytes() - start.0, tool.processorTime - start.1, bench_now() - start.2
            )
        }
        let screen = tool.screens
        tool.stop()
        let kilobytes = Double(bytes) / 1e3 / (Double(duration) / 1e9)
        let percent = Double(processorTime) / Double(duration) * 100
        var result = Result()
        result.set("name", Row.screen.rawValue)
        result.set("entities", scene.entities)
        result.set("rows", shown)
        result.set("components", components)
        result.set("kilobytes_per_second", kilobytes, digits: 1)
        result.set("tool_core_percent", percent, digits: 1)
        result.set("screens", screen)
        result.set("server_cpu_ms_per_tick", with.millisecondsPerTick())
        result.set("sync_cpu_ms_per_tick", with.millisecondsPerTick(ServerThread.sync))
        result.set(
            "watching_ms", with.millisecondsPerTick(ServerThread.sync) - alone.millisecondsPerTick(ServerThread.sync))
        result.set("ticks", Int(with.ticks))
        result.set("ticks_missed", Int(with.missedTicks))
        return (result, kilobytes <= 250 && percent <= 10)
    }
}
