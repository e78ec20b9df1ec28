// Many clients in one thread: they subscribe to a server's first component, read what comes, drop it, and say that they
// have it.

#define _GNU_SOURCE
#include "CBenchmarkConversation.h"
#include "CBenchmarkFrames.h"
#include "CBenchmarkSupport.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] =
    "Usage: bench-load PORT --clients N --clock FILE [--own COUNT] [--query TEXT]... [--state-size BYTES]\n"
    "\n"
    "Connects N clients to the server at 127.0.0.1:PORT (bench-server or bench-floor), subscribes each to the "
    "first component of\n"
    "all entities, reads and discards what comes, and acknowledges it. Prints 'ready' when every client has its "
    "first state.\n"
    "\n"
    "  --clients N    How many clients, from 1 to 10000.\n"
    "  --clock FILE   Where the server writes when each tick began.\n"
    "  --own COUNT    Subscribe each client to so many entities of its own instead, 100 at most.\n"
    "  --query TEXT   Subscribe each client to this query instead; may be given several times. Every '#' stands for "
    "a number\n"
    "                 that counts the subscriptions of all clients from 0 on.\n"
    "  --state-size BYTES\n"
    "                 How many last bytes of each batch are the whole state of its tick: they must be the same "
    "for all clients.\n"
    "\n"
    "Commands on standard input, one a line: 'reset' starts to count anew, 'report' prints one line of JSON. Its "
    "end ends the\n"
    "program.\n";

typedef struct {
    int socket;
    /// Counted from 0.
    uint32_t number;
    bench_frame_reader reader;
    /// The tick whose state this client would show.
    uint64_t tick;
    /// Bytes of batches, as acknowledged.
    uint64_t received;
    bool has_state;
    /// When its last whole batch came.
    uint64_t last_batch_time;
} client;

/// What is known of one tick.
typedef struct {
    uint64_t tick;
    /// Of the first who was brought to it by a batch, and how many were.
    uint64_t state;
    size_t client_count;
} tick_record;

/// Ticks that are known at a time; and how far behind the others a client may be for what is under way.
enum { RECORD_COUNT = 4096, LATE_TICK_COUNT = 30 };
static tick_record records[RECORD_COUNT];

static client *clients;
static size_t client_count;
static size_t ready_count;
/// How many entities of its own each client asks for; 0 for all of the world.
static uint32_t own_count;
/// Texts that each client asks for.
enum { QUERY_COUNT_MAX = 64 };
static const char *queries[QUERY_COUNT_MAX];
static size_t query_count;
static bench_tick_clock *tick_clock;

/// What is counted from reset to report.
static struct {
    uint64_t batches, bytes, single_tick_batches, single_tick_bytes, merged_ticks, wrong_states, newest_tick_at_reset;
    /// The longest time of any client without a whole batch, up to its last.
    uint64_t longest_silence;
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

static void check(bool is_sent) {
    // What a client says is a few bytes: they fit, or the server does not read.
    if (!is_sent) fail(1, "cannot send: %s", strerror(errno));
}

/// Counts who was brought to a tick by a batch, and compares what was shown then: all bytes of a tick are the same for
/// everybody.
static void note_state(const client *client) {
    tick_record *record = &records[client->tick % RECORD_COUNT];
    uint64_t state = client->reader.tail_size > 0 ? client->reader.tail_hash : 0;
    if (record->tick != client->tick) *record = (tick_record){.tick = client->tick, .state = state};
    if (record->state != state) counts.wrong_states++;
    record->client_count++;
}

/// A client is not silent any more.
static void note_silence(client *client) {
    uint64_t now = bench_now(), silence = now - client->last_batch_time;
    if (silence > counts.longest_silence) counts.longest_silence = silence;
    client->last_batch_time = now;
}

/// A message of a batch has come whole.
static void take_batch(client *client, const bench_frame_reader *frame) {
    size_t kept = frame->size < BENCH_KEPT_SIZE ? (size_t)frame->size : BENCH_KEPT_SIZE;
    bench_batch_head head;
    if (!bench_read_batch_head(frame->kept, kept, &head)) fail(1, "a batch without a head");
    if (head.base > client->tick) {
        fail(1, "a batch from tick %llu, but the client stands at %llu", (unsigned long long)head.base,
            (unsigned long long)client->tick);
    }
    client->received += frame->size;
    counts.bytes += frame->size;
    if (head.is_whole) {
        uint64_t passed = head.tick - client->tick;
        client->tick = head.tick;
        note_state(client);
        note_silence(client);
        uint64_t start = bench_tick_clock_start(tick_clock, head.tick);
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
    if (head.asks_to_acknowledge) check(bench_acknowledge(client->socket, client->tick, client->received));
}

static void take_heartbeat(client *client, const bench_frame_reader *frame) {
    uint64_t tick;
    bool is_current;
    if (!bench_read_heartbeat(frame->kept, BENCH_KEPT_SIZE, &tick, &is_current)) fail(1, "a heartbeat without a tick");
    if (!is_current || tick <= client->tick) return;
    client->tick = tick;
    check(bench_acknowledge(client->socket, client->tick, client->received));
}

/// Subscribes to a query, with a number in place of each '#'.
static void subscribe_to(const client *client, size_t position) {
    char number[24], text[BENCH_QUERY_SIZE_MAX + 1];
    snprintf(number, sizeof number, "%zu", client->number * query_count + position);
    size_t length = 0;
    for (const char *sign = queries[position]; *sign; sign++) {
        char one[2] = {*sign, 0};
        const char *added = *sign == '#' ? number : one;
        if (length + strlen(added) > BENCH_QUERY_SIZE_MAX) fail(64, "too long a query: %s", queries[position]);
        length += strlen(strcpy(text + length, added));
    }
    uint8_t message[BENCH_MADE_SIZE_MAX];
    size_t size = bench_make_subscribe_query(message, position + 1, text);
    check(bench_send_message(client->socket, BENCH_OPCODE_BINARY, message, size));
}

static void subscribe(const client *client) {
    for (size_t position = 0; position < query_count; position++) subscribe_to(client, position);
    if (query_count > 0) return;
    if (own_count == 0) {
        check(bench_subscribe(client->socket));
        return;
    }
    uint8_t message[BENCH_SENT_SIZE_MAX];
    // Each has every so many-th entity.
    size_t size = bench_make_subscribe_list(message, 1, client->number, (uint32_t)client_count, own_count);
    check(bench_send_message(client->socket, BENCH_OPCODE_BINARY, message, size));
}

static void take_frame(client *client, const bench_frame_reader *frame) {
    switch (frame->opcode) {
    case BENCH_OPCODE_PING:
        check(bench_send_message(client->socket, BENCH_OPCODE_PONG, frame->kept, (size_t)frame->size));
        return;
    case BENCH_OPCODE_CLOSE:
        fail(1, "the server closed a connection: %.*s", frame->size > 2 ? (int)frame->size - 2 : 0, frame->kept + 2);
    case BENCH_OPCODE_BINARY: break;
    default: return;
    }
    switch (frame->size > 0 ? frame->kept[0] : 0) {
    case BENCH_WELCOME: subscribe(client); break;
    case BENCH_SUBSCRIBE_RESPONSE:
        if (frame->kept[2] != 0) fail(1, "the subscription was refused with code %d", frame->kept[2]);
        break;
    case BENCH_BATCH: take_batch(client, frame); break;
    case BENCH_HEARTBEAT: take_heartbeat(client, frame); break;
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

/// What is known of the ticks since the reset that everybody has passed.
typedef struct {
    uint64_t ticks;
    /// Batches that led to one of them, all clients together.
    uint64_t deliveries;
    /// How often somebody was not sent one that others were sent.
    uint64_t missing;
} passed_ticks;

static passed_ticks count_passed_ticks(void) {
    uint64_t first = counts.newest_tick_at_reset + 1, last = UINT64_MAX;
    for (size_t position = 0; position < client_count; position++) {
        if (clients[position].tick < last) last = clients[position].tick;
    }
    if (last >= RECORD_COUNT && first <= last - RECORD_COUNT) first = last - RECORD_COUNT + 1;
    passed_ticks passed = {0};
    for (uint64_t tick = first; tick <= last; tick++) {
        const tick_record *record = &records[tick % RECORD_COUNT];
        passed.ticks++;
        if (record->tick != tick) continue;
        passed.deliveries += record->client_count;
        if (record->client_count < client_count) passed.missing += client_count - record->client_count;
    }
    return passed;
}

static uint64_t newest_tick(void) {
    uint64_t newest = 0;
    for (size_t position = 0; position < client_count; position++) {
        if (clients[position].tick > newest) newest = clients[position].tick;
    }
    return newest;
}

/// Clients that stand further behind than what may be under way.
static size_t late_client_count(void) {
    uint64_t newest = newest_tick();
    size_t count = 0;
    for (size_t position = 0; position < client_count; position++) {
        count += newest - clients[position].tick > LATE_TICK_COUNT;
    }
    return count;
}

/// The longest time without a whole batch since the reset, also of those who still wait.
static uint64_t longest_silence(void) {
    uint64_t now = bench_now(), longest = counts.longest_silence;
    for (size_t position = 0; position < client_count; position++) {
        uint64_t silence = now - clients[position].last_batch_time;
        if (silence > longest) longest = silence;
    }
    return longest;
}

static void report(void) {
    passed_ticks passed = count_passed_ticks();
    printf(
        "{\"batches\":%llu,\"bytes\":%llu,\"singleTickBatches\":%llu,\"singleTickBytes\":%llu,\"mergedTicks\":%llu,"
        "\"passedTicks\":%llu,\"passedDeliveries\":%llu,\"unequalTicks\":%llu,\"wrongStates\":%llu,\"lateClients\":%zu,"
        "\"longestSilence\":%.4f,\"doneP50\":%.4f,\"doneP99\":%.4f}\n",
        (unsigned long long)counts.batches, (unsigned long long)counts.bytes,
        (unsigned long long)counts.single_tick_batches, (unsigned long long)counts.single_tick_bytes,
        (unsigned long long)counts.merged_ticks, (unsigned long long)passed.ticks,
        (unsigned long long)passed.deliveries, (unsigned long long)passed.missing,
        (unsigned long long)counts.wrong_states, late_client_count(), (double)longest_silence() / 1e6,
        bench_samples_percentile(&counts.done, 0.5), bench_samples_percentile(&counts.done, 0.99));
}

static void reset(void) {
    bench_samples done = counts.done;
    done.count = 0;
    memset(&counts, 0, sizeof counts);
    counts.done = done;
    counts.newest_tick_at_reset = newest_tick();
    for (size_t position = 0; position < client_count; position++) clients[position].last_batch_time = bench_now();
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
    long port = 0, number = 0, own = 0, state_size = 0;
    for (int position = 1; position < count; position++) {
        const char *argument = arguments[position], *value = arguments[position + 1];
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) return fputs(usage, stdout) < 0;
        if (argument[0] != '-' && port == 0) port = strtol(argument, NULL, 10);
        else if (strcmp(argument, "--clients") == 0 && value) number = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--own") == 0 && value) own = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--query") == 0 && value && query_count < QUERY_COUNT_MAX)
            queries[query_count++] = arguments[++position];
        else if (strcmp(argument, "--state-size") == 0 && value) state_size = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--clock") == 0 && value) clock_path = arguments[++position];
        else fail(64, "cannot understand '%s'\n%s", argument, usage);
    }
    bool is_own_valid = own >= 0 && own <= BENCH_LISTED_MAX;
    if (port < 1 || port > 65535 || !is_own_valid || state_size < 0 || number < 1 || number > 10000 || !clock_path)
        fail(64, "a value is missing\n%s", usage);
    tick_clock = bench_tick_clock_open(clock_path);
    if (!tick_clock) fail(1, "cannot open %s: %s", clock_path, strerror(errno));
    client_count = (size_t)number;
    own_count = (uint32_t)own;
    char message[256];
    if (!bench_raise_file_limit(client_count + 64, message, sizeof message)) fail(1, "%s", message);
    clients = calloc(client_count, sizeof *clients);
    if (!clients || bench_samples_create(&counts.done, 1 << 20) != 0) fail(1, "no memory");
    setvbuf(stdout, NULL, _IOLBF, 0);

    int poll = epoll_create1(EPOLL_CLOEXEC);
    watch(poll, STDIN_FILENO, NULL);
    for (size_t position = 0; position < client_count; position++) {
        const char *reason;
        clients[position].number = (uint32_t)position;
        clients[position].socket = bench_connect((uint16_t)port, &reason);
        if (clients[position].socket < 0) fail(1, "client %zu cannot connect to port %ld: %s", position, port, reason);
        clients[position].reader.tail_size = (uint64_t)state_size;
        watch(poll, clients[position].socket, &clients[position]);
        check(bench_say_hello(clients[position].socket, "bench-load"));
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
