import OrreryServer
import ServiceLifecycle
import UnixSignals

/// On SIGHUP, makes the server reload renewable files; SIGHUP does not end the program.
struct Renewal: Service {
    let server: SimulationServer

    func run() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { server.reload() }
    }
}
