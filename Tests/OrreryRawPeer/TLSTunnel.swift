import Glibc

/// The end of a pair of sockets behind which `openssl s_client` speaks TLS.
final class TLSTunnel {
    let descriptor: Int32
    private let process: pid_t

    /// Whoever answers is believed.
    init(port: Int) throws {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, streamType | closesOnExec, 0, &ends) == 0 else {
            throw RawPeerError(description: "no socket left")
        }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let words: [String] = ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)"]
        let arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        guard posix_spawnp(&process, "openssl", &actions, nil, arguments + [nil], environ) == 0 else {
            close(ends[0])
            throw RawPeerError(description: "there is no openssl")
        }
        self.process = process
        descriptor = ends[0]
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
