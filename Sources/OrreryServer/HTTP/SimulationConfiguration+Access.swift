import OrreryTransport

extension SimulationConfiguration {
    /// - Throws: ``ServerError`` for settings that would lock out everybody they are meant to admit.
    func validateAccess() throws(ServerError) {
        if let problem = authorize?.problem { throw ServerError(message: problem) }
        if let problem = origins.problem { throw ServerError(message: problem) }
        if let name = hostNames.first(where: { NetworkHost($0) == nil }) {
            throw ServerError(message: "the host name \"\(name)\" is none: write it as sim.example, without a port")
        }
        if let address = transport.proxyAddresses.first(where: { NetworkHost($0) == nil }) {
            throw ServerError(message: "the address of a proxy \"\(address)\" is none: write it in digits, as 10.0.0.1")
        }
    }
}
