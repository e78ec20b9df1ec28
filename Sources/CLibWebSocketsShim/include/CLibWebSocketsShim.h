#ifndef CLIBWEBSOCKETS_SHIM_H
#define CLIBWEBSOCKETS_SHIM_H

// The parts of libwebsockets and libev that Swift cannot express: macros, variable arguments, unions, and tables of C
// strings that must outlive a context. This shim makes no policy decisions.

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// Bytes that libwebsockets may write in front of a payload.
enum { CLWS_PRE = LWS_PRE };

// ---- The loop: one libev loop and our watchers. ----

typedef struct clws_loop clws_loop;

typedef enum clws_event {
    /// A thread called `clws_loop_wake`; several calls may be combined into one.
    CLWS_EVENT_WOKEN,
    /// The owner's timer.
    CLWS_EVENT_TIMER,
    /// Every few milliseconds, while requested.
    CLWS_EVENT_GLANCE,
} clws_event;

typedef void (*clws_event_handler)(void *owner, clws_event event);

/// An epoll loop that handles no signal and no child process. NULL when the system refuses one.
clws_loop *clws_loop_create(void *owner, clws_event_handler handler);
/// Not from inside `clws_loop_run`. The context that uses the loop must be gone.
void clws_loop_destroy(clws_loop *loop);
/// Any thread, while the loop exists.
void clws_loop_wake(clws_loop *loop);
/// Makes the timer fire periodically, every `seconds`.
void clws_loop_start_timer(clws_loop *loop, double seconds);
/// Makes the timer fire a whole period from now.
void clws_loop_restart_timer(clws_loop *loop);
/// Makes glance events fire periodically; 0 stops them.
void clws_loop_set_glances(clws_loop *loop, double seconds);
/// Serves until `clws_loop_break`.
void clws_loop_run(clws_loop *loop);
void clws_loop_break(clws_loop *loop);

/// Waits for one socket, on the loop's thread.
typedef struct clws_watcher clws_watcher;

typedef void (*clws_watcher_handler)(void *owner, bool is_readable, bool is_writable);

/// Waits for nothing yet. NULL when memory is short. `comes_first`: called before others that wait for the same socket.
clws_watcher *clws_watcher_create(
    clws_loop *loop, int descriptor, void *owner, clws_watcher_handler handler, bool comes_first);
void clws_watcher_set(clws_watcher *watcher, bool reads, bool writes);
/// Call before the socket is closed. Also allowed inside the handler.
void clws_watcher_destroy(clws_watcher *watcher);

// ---- The context. ----

typedef struct clws_context clws_context;

typedef int (*clws_callback)(
    struct lws *connection, enum lws_callback_reasons reason, void *user, void *in, size_t length);

typedef enum clws_tls {
    CLWS_TLS_NONE,
    CLWS_TLS_SERVER,
    CLWS_TLS_CLIENT,
} clws_tls;

/// The part of TLS that could not be used.
typedef enum clws_tls_step {
    CLWS_TLS_STEP_NONE,
    CLWS_TLS_STEP_CERTIFICATE,
    CLWS_TLS_STEP_KEY,
    CLWS_TLS_STEP_KEY_PASSWORD,
    CLWS_TLS_STEP_MATCH,
    CLWS_TLS_STEP_TRUSTED,
    CLWS_TLS_STEP_LIBRARY,
} clws_tls_step;

typedef struct clws_tls_problem {
    clws_tls_step step;
    /// OpenSSL's error text.
    char reason[256];
} clws_tls_problem;

typedef struct clws_settings {
    /// The subprotocol; copied.
    const char *subprotocol;
    size_t receive_buffer_size;
    /// At least the longest message with its header; otherwise libwebsockets splits every send into 4 KiB pieces.
    size_t transmit_size;
    /// The longest HTTP head, if libwebsockets reads any.
    unsigned head_size;
    unsigned handshake_seconds_max;
    uint16_t ping_seconds;
    uint16_t hang_up_seconds;
    clws_tls tls;
    /// For a server with TLS: PEM files; read before the call returns.
    const char *certificate_file;
    const char *key_file;
    /// For a client with TLS: the host that certificates must be issued for, and a PEM file of trusted certificate
    /// authorities, or NULL for the system's.
    const char *host;
    const char *trusted_certificate_file;
} clws_settings;

/// A context without a listening socket on `loop`. Returns NULL on failure: `problem` says what is wrong with TLS; if
/// it has no step, the libev plug-in cannot be loaded, or memory is short. `callback` is the same for all contexts of
/// the process. Leaves the process's signal dispositions unchanged.
clws_context *clws_context_create(
    const clws_settings *settings, clws_loop *loop, clws_callback callback, void *owner, clws_tls_problem *problem);
/// Ends every remaining connection, with callbacks. Call once, and not from inside `clws_loop_run`.
void clws_context_destroy(clws_context *context);
/// Gives a server with TLS another certificate and key, for new connections. False if they cannot be used; the server
/// then keeps its old ones.
bool clws_context_renew_identity(
    clws_context *context, const char *certificate_file, const char *key_file, clws_tls_problem *problem);
/// The `owner` given to the context of this connection.
void *clws_owner(struct lws *connection);
/// Makes libwebsockets check its timers in the next round.
void clws_context_poke(clws_context *context);

/// Whether libwebsockets holds bytes that were read from some connection and not yet processed. Connections held back
/// by `lws_rx_flow_control` do not count.
bool clws_has_buffered_input(clws_context *context);

/// Hands over an accepted socket, to be served as HTTP. On failure the socket has been closed. `handle` becomes the
/// connection's opaque user data before the first callback.
struct lws *clws_adopt(clws_context *context, int descriptor, void *handle);
/// Hands over an accepted socket whose WebSocket request has been read: `head` is the same request, in at most 2,048
/// bytes. Callbacks come during the call; in them the connection has no opaque user data until they set it. NULL if the
/// connection is already gone; the socket has been closed then.
struct lws *clws_adopt_upgrade(clws_context *context, int descriptor, const char *head, size_t length);
/// Begins to connect. NULL if it failed immediately; callbacks may have come in both cases.
struct lws *clws_connect(
    clws_context *context, const char *address, int port, const char *host_header, const char *path, void *handle);
/// Makes libwebsockets read from a WebSocket, or leave further input in the system. From inside or outside a callback;
/// bytes that were read and not handed over are kept.
void clws_set_reading(clws_context *context, struct lws *connection, bool is_reading);
/// Ends a connection in the next round, without a close frame.
void clws_kill(clws_context *context, struct lws *connection);

/// Writes a piece of an HTTP response. Less than 0 when it failed.
int clws_write_http(struct lws *connection, const void *bytes, size_t length);
/// Call in LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER. False if there is no room.
bool clws_append_authorization(
    struct lws *connection, const char *value, size_t length, unsigned char **position, unsigned char *end);

/// The validity period of the first certificate of a PEM file, in seconds since 1970. False if there is none.
bool clws_certificate_validity(const char *file, int64_t *begin, int64_t *end);

/// The first bytes of a TLS client. Returns the number of bytes; 0 on failure.
size_t clws_tls_greeting(void *buffer, size_t size);
/// The number of TLS records with data that a client's connection received before it was established.
uint64_t clws_application_record_count(clws_context *context);

// ---- Certificates that a client does not accept, in LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION. ----

typedef enum clws_certificate_fault {
    CLWS_FAULT_NAME,
    CLWS_FAULT_ISSUER,
    CLWS_FAULT_TIME,
    CLWS_FAULT_OTHER,
} clws_certificate_fault;

int clws_certificate_error(void *verification);
const char *clws_certificate_error_text(int error);
clws_certificate_fault clws_certificate_error_fault(int error);

// ---- SIGPIPE: OpenSSL writes to sockets without MSG_NOSIGNAL. ----

/// Blocks the signal on this thread. Returns whether that changed anything.
bool clws_block_pipe_signal(void);
/// Drops blocked signals, and unblocks further ones.
void clws_unblock_pipe_signal(void);

// Whether glibc's socket types and accept4 are visible depends on the order in which Swift imports the modules.

/// The socket type for the hints of a lookup.
int clws_stream_type(void);
/// A TCP socket of this family: not blocking, closed on exec. -1 with errno on failure.
int clws_socket(int family);
/// Reads available bytes, or only peeks at them. 0 at the end of the stream; -1 with errno on failure.
ssize_t clws_receive(int descriptor, void *buffer, size_t size, bool only_looks);
/// Writes without raising SIGPIPE. -1 with errno on failure.
ssize_t clws_send(int descriptor, const void *bytes, size_t count);
/// Tells the peer that nothing more is sent.
void clws_finish(int descriptor);
/// Makes a socket count as readable only with this many bytes, or at the end of its stream.
void clws_set_input_min(int descriptor, int byte_count);
/// Sends a question on a connecting or connected socket and reads the beginning of the answer, waiting this many
/// milliseconds for each. Less than 0 on failure.
ssize_t clws_ask(
    int descriptor, const void *question, size_t question_size, void *answer, size_t answer_size, int milliseconds);
/// Whether a socket has bytes to read, or its peer sends no more.
bool clws_has_input(int descriptor);
/// Whether a peer has sent something in the last second, and may still send more.
bool clws_is_talking(int descriptor);
/// Finds which of these sockets the system reports as broken, whether or not they are being read: their entries become
/// -1.
void clws_find_broken(int *descriptors, size_t count);
/// How many bytes the peer's system has acknowledged, and how many have arrived from it. False if the system does not
/// report that.
bool clws_progress(int descriptor, uint64_t *taken, uint64_t *arrived);
/// A lower bound of the bytes from the peer that this process has read. False if the system does not report that.
bool clws_read_count(int descriptor, uint64_t *count);
/// Ends both directions of a socket immediately; further writes of its owner fail.
void clws_break(int descriptor);
/// Accepts the next waiting connection of a listening socket: non-blocking, closed on exec. -1 with errno on failure.
int clws_accept(int descriptor);

/// How many descriptors this process may have open; first raised to `wanted` as far as the system allows. Never
/// lowered.
uint64_t clws_descriptor_limit(uint64_t wanted);

typedef void (*clws_log_handler)(int level, const char *line);
/// Sends libwebsockets' errors of the whole process to `handler`; NULL drops them.
void clws_set_log_handler(clws_log_handler handler);

#endif
