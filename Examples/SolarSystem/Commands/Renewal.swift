import OrreryServer
import ServiceLifecycle
import UnixSignals

/// SIGHUP has a server read again what may have been renewed; it ends nobody.
struct Renewal: Service {
    let server: SimulationServer

    func run() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { server.reload() }
    }
}
