public import OrrerySchema
import OrreryWire

extension ClientConnection {
    /// Wants something changed: synchronous, never throws and never waits. Mutations take effect in the order of these
    /// calls, each at most once, also over lost connections.
    ///
    /// - Returns: what becomes of it. Beyond the limit of mutations without an outcome, that is an error of code
    ///   `limitReached`, at once.
    /// - Complexity: O(bytes of the mutation).
    @discardableResult
    public func enqueue(_ mutation: ClientMutation) -> MutationHandle {
        let fate = MutationHandle.Fate { [session] in session.reportLater($0) }
        session.mutate({ (server) throws(ClientError) in try mutation.resolved(server) }) { result in
            switch result {
            case .success(.applied(let tick, let entities)):
                fate.decide(.success(AppliedMutation(tick: tick, entities: entities)))
            case .success(.refused(let refusal)): fate.decide(.failure(ClientError(refusal, phase: .mutate)))
            case .failure(let error): fate.decide(.failure(error))
            }
        }
        return MutationHandle(fate)
    }

    /// The type of a component or field.
    /// - Parameters:
    ///   - component: Its name.
    ///   - path: The names of fields that lead to one, from the outermost.
    /// - Throws: ``ClientError`` of code `component` that says which name is not known.
    public func type(of component: String, _ path: [String] = []) throws(ClientError) -> FieldType {
        let server = serverComponents(phase: .mutate)
        return try server.field(path, of: try server.readable(component).schema).type
    }
}
