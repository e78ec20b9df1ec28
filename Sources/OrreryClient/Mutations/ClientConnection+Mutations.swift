public import OrrerySchema
import OrreryWire

extension ClientConnection {
    /// Enqueues a mutation. It is synchronous, never throws and never waits. Mutations take effect in the order of
    /// these calls, each at most once, also across lost connections.
    ///
    /// - Returns: A handle for the outcome. If too many mutations have no outcome yet, the outcome is an immediate
    ///   error of code `limitReached`.
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
    ///   - path: The names of the fields that lead to the field, from the outermost.
    /// - Throws: ``ClientError`` of code `component` that names the unknown component or field.
    public func type(of component: String, _ path: [String] = []) throws(ClientError) -> FieldType {
        let server = serverComponents(phase: .mutate)
        return try server.field(path, of: try server.readable(component).schema).type
    }
}
