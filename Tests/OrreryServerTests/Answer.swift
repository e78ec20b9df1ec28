import Foundation
import FoundationNetworking
@testable import OrreryServer
import OrreryTransport
import Testing

/// An answer over HTTP, read with the system's client.
struct Answer {
    let status: Int
    let fields: [String: String]
    let text: String

    /// - Parameter path: with its slash.
    init(_ live: LiveWorld, _ path: String, token: String? = nil, method: String = "GET") async throws {
        try await self.init(live.server, path, token: token, method: method)
    }

    init(_ server: SimulationServer, _ path: String, token: String? = nil, method: String = "GET") async throws {
        var request = URLRequest(
            url: try #require(URL(string: "http" + server.url.dropFirst(2) + path)), timeoutInterval: 20)
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        let (body, response) = try await URLSession(configuration: .ephemeral).data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        status = answer.statusCode
        fields = Dictionary(
            uniqueKeysWithValues: answer.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") })
        text = String(decoding: body, as: UTF8.self)
    }
}

extension ServerPages {
    /// A page that is no answer to a query.
    func page(for request: HTTPRequest, isStarting: Bool) -> HTTPResponse? {
        page(for: request, isStarting: isStarting) { _ in .text(500, "a query that nobody expects") }
    }
}

/// Waits for something that blocks without holding one of the few threads that all tasks share, the server's too.
func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
