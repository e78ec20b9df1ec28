#ifndef CLIBWEBSOCKETS_SHIM_H
#define CLIBWEBSOCKETS_SHIM_H

// What Swift cannot express of libwebsockets and libev: macros, variable arguments, unions, and tables of C strings that must
// outlive a context. No policy lives here.

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

/// Bytes that libwebsockets may write in front of a payload.
enum { CLWS_PRE = LWS_PRE };

// ---- The loop: one libev loop and the watchers that are ours. ----

typedef struct clws_loop clws_loop;

typedef enum clws_event {
    /// Some thread called `clws_loop_wake`; several calls may come as one.
    CLWS_EVENT_WOKEN,
    /// The owner's timer.
    CLWS_EVENT_TIMER,
    /// A few times a second: deadlines, and libwebsockets' own timers.
    CLWS_EVENT_HOUSEKEEPING,
    /// The listening socket has somebody waiting.
    CLWS_EVENT_ACCEPTABLE,
} clws_event;

typedef void (*clws_event_handler)(void *owner, clws_event event);

/// An epoll loop that handles no signal and no child process. NULL when the system refuses one.
clws_loop *clws_loop_create(void *owner, clws_event_handler handler);
/// Not from inside `clws_loop_run`. The context that uses the loop must be gone.
void clws_loop_destroy(clws_loop *loop);
/// Any thread, as long as the loop lives.
void clws_loop_wake(clws_loop *loop);
void clws_loop_start_timers(clws_loop *loop, double timer_seconds, double housekeeping_seconds);
void clws_loop_watch_listener(clws_loop *loop, int descriptor);
void clws_loop_unwatch_listener(clws_loop *loop);
/// Serves until `clws_loop_break`.
void clws_loop_run(clws_loop *loop);
void clws_loop_break(clws_loop *loop);

// ---- The context. ----

typedef struct clws_context clws_context;

typedef int (*clws_callback)(
    struct lws *connection, enum lws_callback_reasons reason, void *user, void *in, size_t length);

typedef struct clws_settings {
    /// The subprotocol; copied.
    const char *subprotocol;
    size_t receive_buffer_size;
    /// At least the longest message with its header, else libwebsockets cuts every send to 4 KiB pieces.
    size_t transmit_size;
    unsigned handshake_seconds_max;
    uint16_t ping_seconds;
    uint16_t hang_up_seconds;
} clws_settings;

/// A context without a listening socket on `loop`, or NULL: the libev plug-in cannot be loaded, or memory is short. Leaves the
/// process's signal dispositions as they were.
clws_context *clws_context_create(
    const clws_settings *settings, clws_loop *loop, clws_callback callback, void *owner);
/// Ends every connection that is left, with callbacks. Once, and not from inside `clws_loop_run`.
void clws_context_destroy(clws_context *context);
/// What was given as `owner` to the context of this connection.
void *clws_owner(struct lws *connection);
/// Has libwebsockets look at its timers in the next round.
void clws_context_poke(clws_context *context);

/// Hands an accepted socket over to be served as HTTP. On failure the socket has been closed. `handle` becomes the connection's
/// opaque user data before the first callback.
struct lws *clws_adopt(clws_context *context, int descriptor, void *handle);
/// Begins to connect. NULL when it failed at once; callbacks may have come in both cases.
struct lws *clws_connect(
    clws_context *context, const char *address, int port, const char *host_header, const char *path, void *handle);
/// Ends a connection in the next round, without ceremony.
void clws_kill(clws_context *context, struct lws *connection);

/// Writes a whole HTTP response. Less than 0 when it failed.
int clws_write_response(struct lws *connection, const char *response, size_t length);

// glibc's socket types and accept4 come and go with the order in which Swift imports the modules.

/// For the hints of a look-up.
int clws_stream_type(void);
/// A TCP socket of this family: not blocking, closed on exec. -1 with errno on failure.
int clws_socket(int family);
/// The next one who waits at a listening socket: not blocking, closed on exec. -1 with errno on failure.
int clws_accept(int descriptor);

typedef void (*clws_log_handler)(int level, const char *line);
/// Sends libwebsockets' errors to `handler`, for the whole process; NULL drops them.
void clws_set_log_handler(clws_log_handler handler);

#endif
