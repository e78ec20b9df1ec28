// Many clients in one thread: they subscribe to a server's first component, read what comes, drop it, and say that they have it.

#define _GNU_SOURCE
#include "CBenchmarkFrames.h"
#include "CBenchmarkSupport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] =
    "Usage: bench-load PORT --clients N --clock FILE\n"
    "\n"
    "Connects N clients to the server at 127.0.0.1:PORT (bench-server or bench-floor), subscribes each to the first component of\n"
    "all entities, reads and discards what comes, and acknowledges it. Prints 'ready' when every client has its first state.\n"
    "\n"
    "  --clients N    How many clients, from 1 to 1000.\n"
    "  --clock FILE   Where the server writes when each tick began.\n"
    "\n"
    "Commands on standard input, one a line: 'reset' starts to count anew, 'report' prints one line of JSON. Its end ends the\n"
    "program.\n";

// The protocol: docs/PROTOCOL.md.
enum { MESSAGE_WELCOME = 0x81, MESSAGE_SUBSCRIBE_RESPONSE = 0x82, MESSAGE_BATCH = 0x84, MESSAGE_HEARTBEAT = 0x85 };
enum { MESSAGE_HELLO = 1, MESSAGE_SUBSCRIBE = 2, MESSAGE_ACKNOWLEDGE = 4 };

typedef struct {
    int socket;
    bench_frame_reader reader;
    /// The tick whose state this client would show.
    uint64_t tick;
    /// Bytes of batches, as acknowledged.
    uint64_t received;
    bool has_state;
} client;

static client *clients;
static size_t client_count;
static size_t ready_count;
static bench_tick_clock *tick_clock;

/// What is counted from reset to report.
static struct {
    uint64_t batches, bytes, single_tick_batches, single_tick_bytes, merged_ticks;
    bench_samples done;
} counts;

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static void send_all(int socket, const void *bytes, size_t count) {
    // What a client says is a few bytes: they fit, or the server does not read.
    if (send(socket, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) fail(1, "cannot send: %s", strerror(errno));
}

static void send_message(int socket, int opcode, const uint8_t *payload, size_t count) {
    uint8_t frame[BENCH_FRAME_HEAD_MAX + BENCH_KEPT_SIZE];
    size_t head = bench_frame_head(frame, opcode, count, true);
    memcpy(frame + head, payload, count);
    send_all(socket, frame, head + count);
}

static void say_hello(int socket) {
    static const char name[] = "bench-load";
    uint8_t message[32] = {MESSAGE_HELLO, 1, 1, sizeof name - 1};
    memcpy(message + 4, name, sizeof name - 1);
    send_message(socket, BENCH_OPCODE_BINARY, message, 4 + sizeof name - 1);
}

static void subscribe(int socket) {
    // Subscription 1: of all entities, one component, number 0.
    static const uint8_t message[] = {MESSAGE_SUBSCRIBE, 1, 0, 1, 1, 0};
    send_message(socket, BENCH_OPCODE_BINARY, message, sizeof message);
}

static void acknowledge(const client *client) {
    uint8_t message[32] = {MESSAGE_ACKNOWLEDGE};
    size_t count = 1;
    count += bench_varint_write(message + count, client->tick);
    count += bench_varint_write(message + count, client->received);
    send_message(client->socket, BENCH_OPCODE_BINARY, message, count);
}

/// A message of a batch has come whole.
static void take_batch(client *client, const bench_frame_reader *frame) {
    size_t offset = 1, kept = frame->size < BENCH_KEPT_SIZE ? (size_t)frame->size : BENCH_KEPT_SIZE;
    uint64_t tick, distance, part;
    if (!bench_varint_read(frame->kept, kept, &offset, &tick)
        || !bench_varint_read(frame->kept, kept, &offset, &distance) || offset == kept) {
        fail(1, "a batch without a head");
    }
    bool is_whole = frame->kept[offset++] == 1;
    if (!bench_varint_read(frame->kept, kept, &offset, &part)) fail(1, "a batch without a head");
    if (tick - distance > client->tick) {
        fail(1, "a batch from tick %llu, but the client stands at %llu", (unsigned long long)(tick - distance),
            (unsigned long long)client->tick);
    }
    client->received += frame->size;
    counts.bytes += frame->size;
    if (is_whole) {
        uint64_t passed = tick - client->tick;
        client->tick = tick;
        uint64_t start = bench_tick_clock_start(tick_clock, tick);
        if (start > 0) bench_samples_add(&counts.done, bench_now() - start);
        counts.batches++;
        if (client->has_state && passed > 1) counts.merged_ticks += passed - 1;
        if (passed == 1) {
            counts.single_tick_batches++;
            counts.single_tick_bytes += frame->size;
        }
        if (!client->has_state) {
            client->has_state = true;
            if (++ready_count == client_count) puts("ready");
        }
    }
    acknowledge(client);
}

static void take_heartbeat(client *client, const bench_frame_reader *frame) {
    size_t offset = 1;
    uint64_t tick;
    if (!bench_varint_read(frame->kept, BENCH_KEPT_SIZE, &offset, &tick)) fail(1, "a heartbeat without a tick");
    if (frame->kept[offset] != 1 || tick <= client->tick) return;
    client->tick = tick;
    acknowledge(client);
}

static void take_frame(client *client, const bench_frame_reader *frame) {
    switch (frame->opcode) {
    case BENCH_OPCODE_PING: send_message(client->socket, BENCH_OPCODE_PONG, frame->kept, (size_t)frame->size); return;
    case BENCH_OPCODE_CLOSE:
        fail(1, "the server closed a connection: %.*s", frame->size > 2 ? (int)frame->size - 2 : 0, frame->kept + 2);
    case BENCH_OPCODE_BINARY: break;
    default: return;
    }
    switch (frame->size > 0 ? frame->kept[0] : 0) {
    case MESSAGE_WELCOME: subscribe(client->socket); break;
    case MESSAGE_SUBSCRIBE_RESPONSE:
        if (frame->kept[2] != 0) fail(1, "the subscription was refused with code %d", frame->kept[2]);
        break;
    case MESSAGE_BATCH: take_batch(client, frame); break;
    case MESSAGE_HEARTBEAT: take_heartbeat(client, frame); break;
    default: fail(1, "a message of kind %#x", frame->kept[0]);
    }
}

static void read_client(client *client) {
    static uint8_t buffer[1 << 18];
    ssize_t count = recv(client->socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) fail(1, "a connection broke: %s", count == 0 ? "end of stream" : strerror(errno));
    for (size_t offset = 0; offset < (size_t)count;) {
        bool is_whole;
        offset += bench_frame_read(&client->reader, buffer + offset, (size_t)count - offset, &is_whole);
        if (is_whole) take_frame(client, &client->reader);
    }
}

static int connect_client(uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        fail(1, "cannot connect to 127.0.0.1:%u: %s", port, strerror(errno));
    }
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char request[512];
    int length = snprintf(
        request, sizeof request,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: " BENCH_HANDSHAKE_KEY "\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: orrery.v1\r\n\r\n",
        port);
    send_all(descriptor, request, (size_t)length);
    // Byte by byte, so that nothing of what follows is taken.
    char answer[2048] = "";
    for (size_t count = 0; !strstr(answer, "\r\n\r\n"); count++) {
        if (count + 1 == sizeof answer || recv(descriptor, answer + count, 1, 0) != 1) {
            fail(1, "the server's answer to the handshake ends early");
        }
    }
    if (strncmp(answer, "HTTP/1.1 101", 12) != 0 || !strstr(answer, BENCH_HANDSHAKE_ACCEPT)) {
        fail(1, "the server refuses WebSockets: %.60s", answer);
    }
    return descriptor;
}

static void report(void) {
    printf(
        "{\"batches\":%llu,\"bytes\":%llu,\"singleTickBatches\":%llu,\"singleTickBytes\":%llu,\"mergedTicks\":%llu,"
        "\"doneP50\":%.4f,\"doneP99\":%.4f}\n",
        (unsigned long long)counts.batches, (unsigned long long)counts.bytes,
        (unsigned long long)counts.single_tick_batches, (unsigned long long)counts.single_tick_bytes,
        (unsigned long long)counts.merged_ticks, bench_samples_percentile(&counts.done, 0.5),
        bench_samples_percentile(&counts.done, 0.99));
}

static void reset(void) {
    bench_samples done = counts.done;
    done.count = 0;
    memset(&counts, 0, sizeof counts);
    counts.done = done;
}

/// False at the end of standard input.
static bool take_commands(void) {
    char text[256];
    ssize_t count = read(STDIN_FILENO, text, sizeof text - 1);
    if (count <= 0) return false;
    text[count] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strcmp(line, "report") == 0) report();
        else if (strcmp(line, "reset") == 0) reset();
        else fail(64, "unknown command '%s'", line);
    }
    return true;
}

static void watch(int poll, int descriptor, client *client) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) fail(1, "epoll: %s", strerror(errno));
}

int main(int count, char **arguments) {
    const char *clock_path = NULL;
    long port = 0, number = 0;
    for (int position = 1; position < count; position++) {
        const char *argument = arguments[position], *value = arguments[position + 1];
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) return fputs(usage, stdout) < 0;
        if (argument[0] != '-' && port == 0) port = strtol(argument, NULL, 10);
        else if (strcmp(argument, "--clients") == 0 && value) number = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--clock") == 0 && value) clock_path = arguments[++position];
        else fail(64, "cannot understand '%s'\n%s", argument, usage);
    }
    if (port < 1 || port > 65535 || number < 1 || number > 1000 || !clock_path) fail(64, "a value is missing\n%s", usage);
    tick_clock = bench_tick_clock_open(clock_path);
    if (!tick_clock) fail(1, "cannot open %s: %s", clock_path, strerror(errno));
    client_count = (size_t)number;
    clients = calloc(client_count, sizeof *clients);
    if (!clients || bench_samples_create(&counts.done, 1 << 20) != 0) fail(1, "no memory");
    setvbuf(stdout, NULL, _IOLBF, 0);

    int poll = epoll_create1(EPOLL_CLOEXEC);
    watch(poll, STDIN_FILENO, NULL);
    for (size_t position = 0; position < client_count; position++) {
        clients[position].socket = connect_client((uint16_t)port);
        watch(poll, clients[position].socket, &clients[position]);
        say_hello(clients[position].socket);
    }
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, -1);
        if (ready < 0 && errno != EINTR) fail(1, "epoll: %s", strerror(errno));
        for (int position = 0; position < ready; position++) {
            client *client = events[position].data.ptr;
            if (client) read_client(client);
            else if (!take_commands()) return 0;
        }
    }
}
