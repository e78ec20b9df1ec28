// What sending costs at least: one thread, one timer, one send per client and tick. Answers bench-load and
// bench-talkers as far as they
// need it.

#define _GNU_SOURCE
#include "CBenchmarkConversation.h"
#include "CBenchmarkFrames.h"
#include "CBenchmarkSupport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char usage[] =
    "Usage: bench-floor --size BYTES --rate HZ --clock FILE [--clients N]\n"
    "\n"
    "Sends every client of a free port of 127.0.0.1 one message per tick, all the same bytes, with one send each, "
    "and nothing else:\n"
    "what a server cannot do without. Prints its address.\n"
    "With --answers it sends each client one message per tick that answers the mutations that it has sent since, "
    "and no other.\n"
    "\n"
    "  --size BYTES   The payload of a message, as a SyncBatch of bench-server has it; from 32 to 16777216.\n"
    "  --rate HZ      Ticks per second, from 1 to 1000.\n"
    "  --answers      Answers mutations, with nothing done for them.\n"
    "  --clients N    Clients that it has room for, up to 10000; 1000 unless stated.\n"
    "  --clock FILE   Where to write when each tick began.\n"
    "\n"
    "Commands on standard input, one a line: 'report' prints one line of JSON. Its end ends the program.\n";

enum { CLIENT_COUNT_MAX = 10000, HEAD_ROOM = 64 };
/// Mutations without an answer that the protocol lets a client have, and bytes of an answer to one at most.
enum { PENDING_COUNT_MAX = 256, OUTCOME_SIZE_MAX = 24 };

typedef struct {
    int socket;
    bool has_shaken_hands;
    int message_count;
    bench_frame_reader reader;
    /// How much of the frame has been sent, while a rest waits; else 0.
    size_t sent;
    /// Mutations that are to be answered.
    uint64_t sequences[PENDING_COUNT_MAX];
    size_t sequence_count;
} client;

static client clients[CLIENT_COUNT_MAX];
static size_t client_count, client_count_max;
static int poll_descriptor;
static bool sends_answers;
static bench_tick_clock *tick_clock;
static uint64_t tick, late_tick_count, skipped_send_count;

/// The frame of this tick, behind room for its head.
static uint8_t *frame_buffer;
static size_t payload_size;
static const uint8_t *frame_start;
static size_t frame_size;

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-floor: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static void watch(int descriptor, uint32_t events, void *data, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(poll_descriptor, operation, descriptor, &event) != 0) fail(1, "epoll: %s", strerror(errno));
}

/// The head of a whole batch from the beginning of time, so that a client can begin with it, then bytes that nobody
/// reads.
static void make_frame(void) {
    uint8_t head[HEAD_ROOM], batch[32] = {BENCH_BATCH};
    // After the kind, the lane.
    size_t batch_size = 2 + bench_varint_write(batch + 2, tick);
    batch_size += bench_varint_write(batch + batch_size, tick);
    batch[batch_size++] = 1;
    batch[batch_size++] = 0;
    size_t head_size = bench_frame_head(head, BENCH_OPCODE_BINARY, payload_size, false);
    uint8_t *payload = frame_buffer + HEAD_ROOM;
    memcpy(payload, batch, batch_size);
    memcpy(payload - head_size, head, head_size);
    frame_start = payload - head_size;
    frame_size = head_size + payload_size;
}

static void drop(client *client) {
    close(client->socket);
    client->socket = -1;
}

/// Sends the frame or the rest of it, as far as the socket takes it.
static void send_frame(client *client) {
    ssize_t count = send(
        client->socket, frame_start + client->sent, frame_size - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN) return drop(client);
    bool waited = client->sent > 0;
    client->sent += count > 0 ? (size_t)count : 0;
    bool waits = client->sent > 0 && client->sent < frame_size;
    if (client->sent == frame_size) client->sent = 0;
    if (waits != waited) watch(client->socket, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, client, EPOLL_CTL_MOD);
}

/// One message that says of each mutation that it took effect in this tick, and made no entity.
static void answer_mutations(client *client) {
    static uint8_t frame[BENCH_FRAME_HEAD_MAX + 16 + PENDING_COUNT_MAX * OUTCOME_SIZE_MAX];
    uint8_t *payload = frame + BENCH_FRAME_HEAD_MAX, head[BENCH_FRAME_HEAD_MAX];
    size_t count = 0;
    payload[count++] = BENCH_MUTATION_RESPONSE;
    count += bench_varint_write(payload + count, client->sequence_count);
    for (size_t position = 0; position < client->sequence_count; position++) {
        count += bench_varint_write(payload + count, client->sequences[position]);
        payload[count++] = 0;
        count += bench_varint_write(payload + count, tick);
        payload[count++] = 0;
    }
    client->sequence_count = 0;
    size_t head_size = bench_frame_head(head, BENCH_OPCODE_BINARY, count, false);
    memcpy(payload - head_size, head, head_size);
    count += head_size;
    if (send(client->socket, payload - head_size, count, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)count) drop(client);
}

static void run_tick(uint64_t expirations) {
    if (expirations > 1) late_tick_count += expirations - 1;
    bool rests = false;
    for (size_t position = 0; position < client_count; position++) rests |= clients[position].sent > 0;
    // The bytes of a tick stay until the last client has them.
    if (rests) {
        skipped_send_count++;
        return;
    }
    tick++;
    bench_tick_clock_begin(tick_clock, tick);
    if (sends_answers) {
        for (size_t position = 0; position < client_count; position++) {
            if (clients[position].socket >= 0 && clients[position].sequence_count > 0)
                answer_mutations(&clients[position]);
        }
        return;
    }
    make_frame();
    for (size_t position = 0; position < client_count; position++) {
        if (clients[position].socket >= 0 && clients[position].message_count >= 2) send_frame(&clients[position]);
    }
}

static void send_text(client *client, const void *bytes, size_t count) {
    if (send(client->socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)count) drop(client);
}

static void shake_hands(client *client, const uint8_t *bytes, size_t count) {
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " BENCH_HANDSHAKE_ACCEPT "\r\nSec-WebSocket-Protocol: orrery.v1\r\n\r\n";
    if (count < 4 || memcmp(bytes + count - 4, "\r\n\r\n", 4) != 0) return drop(client);
    client->has_shaken_hands = true;
    send_text(client, answer, sizeof answer - 1);
}

/// Hello is answered by an empty Welcome; from the second message on, Subscribe, the client is sent every tick.
static void take_message(client *client) {
    // The version, and an epoch.
    static const uint8_t welcome[] = {0x82, 10, BENCH_WELCOME, 1, 1, 0, 0, 0, 0, 0, 0, 0};
    if (client->message_count < 2) client->message_count++;
    if (client->message_count == 1) send_text(client, welcome, sizeof welcome);
    else if (sends_answers && client->reader.kept[0] == BENCH_MUTATE) {
        size_t offset = 1;
        uint64_t sequence;
        if (client->sequence_count == PENDING_COUNT_MAX
            || !bench_varint_read(client->reader.kept, BENCH_KEPT_SIZE, &offset, &sequence)) {
            return drop(client);
        }
        client->sequences[client->sequence_count++] = sequence;
    }
}

static void read_client(client *client) {
    static uint8_t buffer[1 << 16];
    ssize_t count = recv(client->socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return drop(client);
    if (!client->has_shaken_hands) return shake_hands(client, buffer, (size_t)count);
    for (size_t offset = 0; offset < (size_t)count && client->socket >= 0;) {
        bool is_whole;
        offset += bench_frame_read(&client->reader, buffer + offset, (size_t)count - offset, &is_whole);
        if (is_whole) take_message(client);
    }
}

static int listen_anywhere(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, size) != 0 || listen(descriptor, SOMAXCONN) != 0
        || getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) {
        fail(1, "cannot listen: %s", strerror(errno));
    }
    printf("ws://127.0.0.1:%u\n", ntohs(address.sin_port));
    return descriptor;
}

static void accept_clients(int listener) {
    int descriptor, on = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (client_count == client_count_max) {
            close(descriptor);
            continue;
        }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        client *client = &clients[client_count++];
        client->socket = descriptor;
        watch(descriptor, EPOLLIN, client, EPOLL_CTL_ADD);
    }
}

static int start_timer(long rate) {
    int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    long period = 1000000000L / rate;
    struct timespec time = {.tv_sec = period / 1000000000L, .tv_nsec = period % 1000000000L};
    struct itimerspec setting = {.it_interval = time, .it_value = time};
    if (descriptor < 0 || timerfd_settime(descriptor, 0, &setting, NULL) != 0) fail(1, "timer: %s", strerror(errno));
    return descriptor;
}

/// As bench-server reports itself.
static void report(void) {
    printf(
        "{\"time\":%llu,\"tickCount\":%llu,\"lateTickCount\":%llu,\"skippedTickCount\":%llu,\"residentSize\":%llu,"
        "\"threads\":[{\"id\":%d,\"name\":\"floor\",\"processorTime\":%llu}]}\n",
        (unsigned long long)bench_now(), (unsigned long long)tick, (unsigned long long)late_tick_count,
        (unsigned long long)skipped_send_count, (unsigned long long)bench_resident_size(), bench_thread_id(),
        (unsigned long long)bench_thread_time(bench_thread_id()));
}

/// False at the end of standard input.
static bool take_commands(void) {
    char text[256];
    ssize_t count = read(STDIN_FILENO, text, sizeof text - 1);
    if (count <= 0) return false;
    text[count] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strcmp(line, "report") != 0) fail(64, "unknown command '%s'", line);
        report();
    }
    return true;
}

int main(int count, char **arguments) {
    const char *clock_path = NULL;
    long size = 0, rate = 0, room = 1000;
    for (int position = 1; position < count; position++) {
        const char *argument = arguments[position], *value = arguments[position + 1];
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) return fputs(usage, stdout) < 0;
        if (strcmp(argument, "--size") == 0 && value) size = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--rate") == 0 && value) rate = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--clients") == 0 && value) room = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--answers") == 0) sends_answers = true;
        else if (strcmp(argument, "--clock") == 0 && value) clock_path = arguments[++position];
        else fail(64, "cannot understand '%s'\n%s", argument, usage);
    }
    if (size < 32 || size > 1 << 24 || rate < 1 || rate > 1000 || room < 1 || room > CLIENT_COUNT_MAX || !clock_path) {
        fail(64, "a value is missing\n%s", usage);
    }
    client_count_max = (size_t)room;
    char message[256];
    if (!bench_raise_file_limit(client_count_max + 64, message, sizeof message)) fail(1, "%s", message);
    tick_clock = bench_tick_clock_open(clock_path);
    if (!tick_clock) fail(1, "cannot open %s: %s", clock_path, strerror(errno));
    payload_size = (size_t)size;
    frame_buffer = malloc(HEAD_ROOM + payload_size);
    if (!frame_buffer) fail(1, "no memory");
    for (size_t position = 0; position < HEAD_ROOM + payload_size; position++) {
        frame_buffer[position] = (uint8_t)(position * 2654435761u >> 24);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);

    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    // What is watched is told apart by these addresses.
    static int input, timer, listener;
    listener = listen_anywhere();
    timer = start_timer(rate);
    watch(STDIN_FILENO, EPOLLIN, &input, EPOLL_CTL_ADD);
    watch(timer, EPOLLIN, &timer, EPOLL_CTL_ADD);
    watch(listener, EPOLLIN, &listener, EPOLL_CTL_ADD);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll_descriptor, events, 64, -1);
        if (ready < 0 && errno != EINTR) fail(1, "epoll: %s", strerror(errno));
        for (int position = 0; position < ready; position++) {
            void *data = events[position].data.ptr;
            uint64_t expirations;
            if (data == &input) {
                if (!take_commands()) return 0;
            } else if (data == &timer) {
                if (read(timer, &expirations, sizeof expirations) == sizeof expirations) run_tick(expirations);
            } else if (data == &listener) {
                accept_clients(listener);
            } else {
                client *client = data;
                if (client->socket >= 0 && events[position].events & EPOLLIN) read_client(client);
                if (client->socket >= 0 && client->sent > 0) send_frame(client);
            }
        }
    }
}
