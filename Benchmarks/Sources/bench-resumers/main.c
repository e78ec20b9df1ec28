// Clients in one thread that are cut off at one moment and come back at one moment. They count what they are sent until
// they are whole again.

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
    "Usage: bench-resumers PORT --clients N --clock FILE\n"
    "\n"
    "N clients of the server at 127.0.0.1:PORT (bench-server). Commands on standard input, one a line:\n"
    "\n"
    "  ask CLIENT TEXT   The client, counted from 0, is to subscribe to this query, too; 16 at most.\n"
    "  connect           All connect and subscribe. Prints 'ready' when each has the first state of all it asked for.\n"
    "  lose              All sockets are reset, without a close frame. Prints 'lost'.\n"
    "  resume            All connect at once, and go on from where they were. When each is whole again, prints one "
    "line\n"
    "                    of JSON: the tick at whose time they began to connect, and what each was sent.\n"
    "\n"
    "The end of standard input ends the program.\n";

enum { CLIENT_COUNT_MAX = 1000, TEXT_COUNT_MAX = 16 };

/// What a client was sent after the Welcome of its return, up to the batch that made it whole.
typedef struct {
    /// Payload of all messages, and of the answers to its subscriptions among them.
    uint64_t bytes, answer_bytes;
    uint64_t base, tick;
    /// Rows in the sections that were sent: values, and entities that came and went.
    uint64_t cells, entered, joined, left, restarted;
} delivery;

typedef struct {
    /// Less than 0 while there is no connection.
    int socket;
    char *texts[TEXT_COUNT_MAX];
    size_t text_count;
    bench_frame_reader reader;
    /// The payload of the frame that is being read.
    uint8_t *payload;
    size_t payload_capacity;
    bench_place place;
    /// Bytes of batches, as acknowledged.
    uint64_t received;
    bool is_upgraded, is_welcome, is_whole;
    /// Of all that it asked for, how much has started on this connection.
    size_t started_count;
    delivery delivery;
} client;

static client *clients;
static size_t client_count, whole_count;
static uint16_t server_port;
static bench_tick_clock *tick_clock;
/// Whether the clients come back, and what the clocks said when they began to.
static bool is_resuming;
static uint64_t resume_tick, resume_time;
static int poll_descriptor;

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-resumers: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static void check(bool is_sent) {
    if (!is_sent) fail(1, "cannot send: %s", strerror(errno));
}

static void report(void) {
    printf(
        "{\"tick\":%llu,\"milliseconds\":%.3f,\"deliveries\":[", (unsigned long long)resume_tick,
        (double)(bench_now() - resume_time) / 1e6);
    for (size_t position = 0; position < client_count; position++) {
        const delivery *one = &clients[position].delivery;
        printf(
            "%s{\"bytes\":%llu,\"answerBytes\":%llu,\"base\":%llu,\"tick\":%llu,\"cells\":%llu,\"entered\":%llu,"
            "\"joined\":%llu,\"left\":%llu,\"restarted\":%llu}",
            position == 0 ? "" : ",", (unsigned long long)one->bytes, (unsigned long long)one->answer_bytes,
            (unsigned long long)one->base, (unsigned long long)one->tick, (unsigned long long)one->cells,
            (unsigned long long)one->entered, (unsigned long long)one->joined, (unsigned long long)one->left,
            (unsigned long long)one->restarted);
    }
    puts("]}");
}

/// Everything that a client asked for is there.
static void become_whole(client *client) {
    client->is_whole = true;
    if (++whole_count < client_count) return;
    if (is_resuming) report();
    else puts("ready");
}

/// The rows of a section, behind the number of its query or component if it has one.
static uint64_t row_count(const bench_section *section, bool has_number) {
    size_t offset = 0;
    uint64_t number, count;
    if (has_number && !bench_varint_read(section->content, section->size, &offset, &number)) fail(1, "no number");
    // The form of the row set.
    offset++;
    if (offset >= section->size || !bench_varint_read(section->content, section->size, &offset, &count))
        fail(1, "a section without rows");
    return count;
}

/// Counts what a message of a batch brings.
static void count_sections(client *client, const uint8_t *message, size_t size, size_t offset) {
    delivery *delivery = &client->delivery;
    bench_section section;
    while (bench_next_section(message, size, &offset, &section)) {
        size_t start = 0;
        uint64_t count;
        switch (section.kind) {
        case 1:
            if (!bench_varint_read(section.content, section.size, &start, &count)) fail(1, "nothing has started");
            client->started_count += count;
            break;
        case 3: delivery->left += row_count(&section, true); break;
        case 4:
        case 5: delivery->entered += row_count(&section, false); break;
        case 7:
        case 8: delivery->cells += row_count(&section, true); break;
        case 12: delivery->joined += row_count(&section, true); break;
        case 13: delivery->restarted++; break;
        default: fail(1, "a section of kind %d, which this world has no cause for", section.kind);
        }
    }
    if (offset != size) fail(1, "a batch that ends early");
}

static void take_batch(client *client, const uint8_t *message, size_t size) {
    bench_batch_head head;
    if (!bench_read_batch_head(message, size, &head)) fail(1, "a batch without a head");
    if (head.base > client->place.tick) fail(1, "a batch that does not follow");
    client->received += size;
    if (!client->is_whole) count_sections(client, message, size, head.size);
    if (head.is_whole) {
        client->delivery.base = client->is_whole ? client->delivery.base : client->place.tick;
        client->place.tick = head.tick;
        if (!client->is_whole && client->started_count >= client->text_count) {
            client->delivery.tick = head.tick;
            become_whole(client);
        }
    }
    check(bench_acknowledge(client->socket, client->place.tick, client->received));
}

static void take_heartbeat(client *client, const uint8_t *message, size_t size) {
    uint64_t tick;
    bool is_current;
    if (!bench_read_heartbeat(message, size, &tick, &is_current)) fail(1, "a heartbeat without a tick");
    if (is_current && tick > client->place.tick) client->place.tick = tick;
    check(bench_acknowledge(client->socket, client->place.tick, client->received));
}

static void take_welcome(client *client, const uint8_t *message, size_t size) {
    if (!bench_read_place(message, size, &client->place)) fail(1, "a Welcome without a session");
    client->is_welcome = true;
    if (is_resuming && client->place.resumption != 1) fail(1, "a client is not resumed: %d", client->place.resumption);
    if (is_resuming) return;
    client->place.tick = 0;
    for (size_t position = 0; position < client->text_count; position++) {
        uint8_t request[BENCH_MADE_SIZE_MAX];
        size_t length = bench_make_subscribe_query(request, position + 1, client->texts[position]);
        check(bench_send_message(client->socket, BENCH_OPCODE_BINARY, request, length));
    }
}

static void take_message(client *client, const uint8_t *message, size_t size) {
    int kind = size > 0 ? message[0] : 0;
    if (client->is_welcome && !client->is_whole) {
        client->delivery.bytes += size;
        if (kind == BENCH_SUBSCRIBE_RESPONSE) client->delivery.answer_bytes += size;
    }
    uint8_t code;
    switch (kind) {
    case BENCH_WELCOME: take_welcome(client, message, size); break;
    case BENCH_SUBSCRIBE_RESPONSE:
        if (!bench_read_answer(message, size, &code) || code != 0) fail(1, "a subscription was refused");
        break;
    case BENCH_BATCH: take_batch(client, message, size); break;
    case BENCH_HEARTBEAT: take_heartbeat(client, message, size); break;
    default: fail(1, "a message of kind %#x", kind);
    }
}

static void take_frame(client *client) {
    const bench_frame_reader *frame = &client->reader;
    switch (frame->opcode) {
    case BENCH_OPCODE_PING:
        check(bench_send_message(client->socket, BENCH_OPCODE_PONG, client->payload, (size_t)frame->size));
        return;
    case BENCH_OPCODE_CLOSE:
        fail(
            1, "the server closed a connection: %.*s", frame->size > 2 ? (int)frame->size - 2 : 0,
            client->payload + 2);
    case BENCH_OPCODE_BINARY: take_message(client, client->payload, (size_t)frame->size); return;
    default: return;
    }
}

/// Keeps the whole payload, of which the reader keeps the beginning only.
static void keep(client *client, const uint8_t *bytes, size_t offset, size_t count) {
    if (offset + count > client->payload_capacity) {
        client->payload_capacity = 2 * (offset + count);
        client->payload = realloc(client->payload, client->payload_capacity);
        if (!client->payload) fail(1, "no memory");
    }
    memcpy(client->payload + offset, bytes, count);
}

/// The answer to the handshake has come: says hello.
static void greet(client *client) {
    const char *reason = bench_finish_connect(client->socket);
    if (reason) fail(1, "a client cannot connect: %s", reason);
    client->is_upgraded = true;
    if (is_resuming) {
        check(bench_say_hello_again(
            client->socket, "bench-resumers", &client->place, (const char *const *)client->texts, client->text_count));
    } else {
        check(bench_say_hello(client->socket, "bench-resumers"));
    }
}

static void read_client(client *client) {
    static uint8_t buffer[1 << 18];
    if (client->socket < 0) return;
    if (!client->is_upgraded) return greet(client);
    ssize_t count = recv(client->socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) fail(1, "a connection broke: %s", count == 0 ? "end of stream" : strerror(errno));
    for (size_t offset = 0; offset < (size_t)count;) {
        bool is_whole;
        uint64_t before = client->reader.head_size == 0 ? 0 : client->reader.received;
        offset += bench_frame_read(&client->reader, buffer + offset, (size_t)count - offset, &is_whole);
        // The head of a frame may be all that has come.
        if (client->reader.head_size > 0 || is_whole) {
            size_t added = (size_t)(client->reader.received - before);
            keep(client, buffer + offset - added, (size_t)before, added);
        }
        if (is_whole) take_frame(client);
    }
}

static void watch(int descriptor, client *client) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, descriptor, &event) != 0) fail(1, "epoll: %s", strerror(errno));
}

/// All ask for a connection before any waits for one.
static void connect_all(void) {
    whole_count = 0;
    resume_tick = bench_tick_clock_newest(tick_clock);
    resume_time = bench_now();
    for (size_t position = 0; position < client_count; position++) {
        client *client = &clients[position];
        if (client->socket >= 0) fail(64, "the clients are connected");
        client->socket = bench_begin_connect(server_port);
        if (client->socket < 0) fail(1, "client %zu cannot connect: %s", position, strerror(errno));
        client->reader = (bench_frame_reader){0};
        client->received = 0;
        client->is_upgraded = client->is_welcome = client->is_whole = false;
        client->started_count = 0;
        client->delivery = (delivery){0};
        watch(client->socket, client);
    }
}

/// As if the machine of all clients had lost its power and come back: the server is told by the system alone.
static void lose_all(void) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    for (size_t position = 0; position < client_count; position++) {
        if (clients[position].socket < 0) fail(64, "the clients are not connected");
        setsockopt(clients[position].socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(clients[position].socket);
        clients[position].socket = -1;
    }
    puts("lost");
}

static void ask(const char *line) {
    char *text;
    unsigned long number = strtoul(line, &text, 10);
    if (number >= client_count || *text != ' ') fail(64, "cannot understand 'ask %s'", line);
    client *client = &clients[number];
    if (client->text_count == TEXT_COUNT_MAX || strlen(text + 1) > BENCH_QUERY_SIZE_MAX)
        fail(64, "too much to ask: %s", text);
    client->texts[client->text_count++] = strdup(text + 1);
}

static void take_command(const char *line) {
    if (strncmp(line, "ask ", 4) == 0) return ask(line + 4);
    if (strcmp(line, "connect") == 0) is_resuming = false;
    else if (strcmp(line, "resume") == 0) is_resuming = true;
    else if (strcmp(line, "lose") == 0) return lose_all();
    else fail(64, "unknown command '%s'", line);
    connect_all();
}

/// False at the end of standard input.
static bool take_commands(void) {
    static char text[1 << 16];
    static size_t length;
    ssize_t count = read(STDIN_FILENO, text + length, sizeof text - 1 - length);
    if (count <= 0) return false;
    length += (size_t)count;
    text[length] = 0;
    char *line = text;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        take_command(line);
    }
    length = strlen(line);
    memmove(text, line, length);
    return true;
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
    if (port < 1 || port > 65535 || number < 1 || number > CLIENT_COUNT_MAX || !clock_path)
        fail(64, "a value is missing\n%s", usage);
    tick_clock = bench_tick_clock_open(clock_path);
    if (!tick_clock) fail(1, "cannot open %s: %s", clock_path, strerror(errno));
    server_port = (uint16_t)port;
    client_count = (size_t)number;
    clients = calloc(client_count, sizeof *clients);
    if (!clients) fail(1, "no memory");
    for (size_t position = 0; position < client_count; position++) clients[position].socket = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    watch(STDIN_FILENO, NULL);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll_descriptor, events, 64, -1);
        if (ready < 0 && errno != EINTR) fail(1, "epoll: %s", strerror(errno));
        for (int position = 0; position < ready; position++) {
            client *client = events[position].data.ptr;
            if (client) read_client(client);
            else if (!take_commands()) return 0;
        }
    }
}
