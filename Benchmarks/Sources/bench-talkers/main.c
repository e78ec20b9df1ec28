// Clients that say much: they end subscriptions and begin others, or write, at once or so many times a second.

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
#include <sys/timerfd.h>
#include <unistd.h>

static const char usage[] =
    "Usage: bench-talkers PORT --clients N --entities N [--held N] [--turns HZ]\n"
    "\n"
    "Connects N clients to the bench-server at 127.0.0.1:PORT. Each holds some subscriptions, each of one entity, "
    "and acknowledges\n"
    "what comes. Prints 'ready' when all hold theirs.\n"
    "\n"
    "  --clients N    How many clients, from 1 to 1000.\n"
    "  --entities N   Entities of the server's world.\n"
    "  --held N       Subscriptions that each holds, from 0 to 64; 0 unless stated.\n"
    "  --turns HZ     How many times a second each says what it has to say by then; 60 unless stated.\n"
    "\n"
    "Commands on standard input, one a line:\n"
    "  request N      Each sends N requests at once: in turn, the oldest subscription ends, and one of another "
    "entity begins.\n"
    "  request-rate N The same, N a second.\n"
    "  set-rate N     Each writes an entity of its own, N times a second.\n"
    "  rest           Nobody says anything more.\n"
    "  report         Prints one line of JSON.\n"
    "Its end ends the program.\n";

/// What the protocol lets a client have: mutations without an answer. Those beyond are left out.
enum { PENDING_COUNT_MAX = 256 };
enum { CLIENT_COUNT_MAX = 1000, HELD_COUNT_MAX = 64 };

typedef struct {
    /// Less than 0 when it was closed.
    int socket;
    bench_frame_reader reader;
    uint64_t epoch;
    /// The tick whose state it would show, and the bytes of batches, as acknowledged.
    uint64_t tick, received;
    bool owes_acknowledgement;
    /// The number of its next subscription, and of its next mutation.
    uint64_t next_subscription, next_sequence;
    uint64_t asked, answered, refused;
    /// What waits for its socket.
    uint8_t *waiting;
    size_t waiting_count, waiting_capacity;
    bool waits_for_socket;
} talker;

static talker talkers[CLIENT_COUNT_MAX];
static size_t talker_count, closed_count, ready_count;
static int last_close_code;
static uint64_t held_count;
static uint32_t entity_count;
static int poll_descriptor;

/// What all say per second since a time, each; and how much each has said of it.
static struct {
    enum { RESTING, REQUESTING, SETTING } what;
    double rate;
    uint64_t start, said;
} task;

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-talkers: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static void watch(int descriptor, uint32_t events, void *data, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(poll_descriptor, operation, descriptor, &event) != 0) fail(1, "epoll: %s", strerror(errno));
}

static void drop(talker *talker, int code) {
    close(talker->socket);
    talker->socket = -1;
    closed_count++;
    last_close_code = code;
}

// Saying

/// Adds a frame to what waits.
static void say_frame(talker *talker, int opcode, const uint8_t *message, size_t count) {
    size_t needed = talker->waiting_count + BENCH_FRAME_HEAD_MAX + count;
    if (needed > talker->waiting_capacity) {
        talker->waiting_capacity = 2 * needed;
        talker->waiting = realloc(talker->waiting, talker->waiting_capacity);
        if (!talker->waiting) fail(1, "no memory");
    }
    uint8_t *target = talker->waiting + talker->waiting_count;
    size_t head = bench_frame_head(target, opcode, count, true);
    memcpy(target + head, message, count);
    talker->waiting_count += head + count;
}

static void say(talker *talker, const uint8_t *message, size_t count) {
    say_frame(talker, BENCH_OPCODE_BINARY, message, count);
}

/// Sends what waits, as far as the socket takes it.
static void flush(talker *talker) {
    if (talker->socket < 0) return;
    if (talker->waiting_count > 0) {
        ssize_t count = send(talker->socket, talker->waiting, talker->waiting_count, MSG_NOSIGNAL | MSG_DONTWAIT);
        // That it is broken is seen when it is read.
        if (count > 0) {
            talker->waiting_count -= (size_t)count;
            memmove(talker->waiting, talker->waiting + count, talker->waiting_count);
        }
    }
    bool waits = talker->waiting_count > 0;
    if (waits != talker->waits_for_socket)
        watch(talker->socket, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, talker, EPOLL_CTL_MOD);
    talker->waits_for_socket = waits;
}

static uint32_t entity_of(const talker *talker, uint64_t subscription) {
    return (uint32_t)(((uint64_t)(talker - talkers) * held_count + subscription) % entity_count);
}

static void subscribe_next(talker *talker) {
    uint8_t message[BENCH_MADE_SIZE_MAX];
    uint64_t number = talker->next_subscription++;
    say(talker, message, bench_make_subscribe_one(message, number, entity_of(talker, number)));
    talker->asked++;
}

/// The oldest subscription ends, another one begins: two requests.
static void replace_subscription(talker *talker) {
    uint8_t message[BENCH_MADE_SIZE_MAX];
    say(talker, message, bench_make_unsubscribe(message, talker->next_subscription - held_count));
    talker->asked++;
    subscribe_next(talker);
}

static void set_own(talker *talker) {
    if (talker->asked - talker->answered >= PENDING_COUNT_MAX) return;
    uint8_t message[BENCH_MADE_SIZE_MAX];
    uint64_t sequence = talker->next_sequence++;
    float value[3] = {(float)(sequence % 4096), 1, 2};
    uint32_t index = (uint32_t)((size_t)(talker - talkers) % entity_count);
    say(talker, message, bench_make_set(message, sequence, talker->epoch, index, value));
    talker->asked++;
}

/// Each says what it has to say by now.
static void take_turn(void) {
    if (task.what == RESTING) return;
    uint64_t due = (uint64_t)(task.rate * (double)(bench_now() - task.start) / 1e9);
    // Requests come in pairs.
    uint64_t step = task.what == REQUESTING ? 2 : 1, count = (due - task.said) / step;
    task.said += count * step;
    for (size_t position = 0; position < talker_count; position++) {
        talker *talker = &talkers[position];
        if (talker->socket < 0) continue;
        for (uint64_t number = 0; number < count; number++) {
            if (task.what == REQUESTING) replace_subscription(talker);
            else set_own(talker);
        }
        flush(talker);
    }
}

// Hearing

static void become_ready(void) {
    if (++ready_count == talker_count) puts("ready");
}

static void take_answer(talker *talker) {
    uint8_t code;
    if (!bench_read_answer(talker->reader.kept, BENCH_KEPT_SIZE, &code)) fail(1, "an answer without a code");
    talker->refused += code != 0;
    if (++talker->answered == held_count) become_ready();
}

static void take_outcomes(talker *talker) {
    uint64_t answered, refused;
    if (!bench_read_outcomes(talker->reader.kept, BENCH_KEPT_SIZE, &answered, &refused))
        fail(1, "outcomes that cannot be read");
    talker->answered += answered;
    talker->refused += refused;
}

static void take_message(talker *talker) {
    const bench_frame_reader *frame = &talker->reader;
    bench_batch_head head;
    uint64_t tick;
    bool is_current;
    switch (frame->size > 0 ? frame->kept[0] : 0) {
    case BENCH_WELCOME:
        if (!bench_read_epoch(frame->kept, BENCH_KEPT_SIZE, &talker->epoch)) fail(1, "a Welcome without an epoch");
        for (uint64_t number = 0; number < held_count; number++) subscribe_next(talker);
        if (held_count == 0) become_ready();
        return;
    case BENCH_SUBSCRIBE_RESPONSE:
    case BENCH_UNSUBSCRIBE_RESPONSE: return take_answer(talker);
    case BENCH_MUTATION_RESPONSE: return take_outcomes(talker);
    case BENCH_BATCH:
        if (!bench_read_batch_head(frame->kept, BENCH_KEPT_SIZE, &head)) fail(1, "a batch without a head");
        talker->received += frame->size;
        if (head.is_whole) talker->tick = head.tick;
        talker->owes_acknowledgement = true;
        return;
    case BENCH_HEARTBEAT:
        if (!bench_read_heartbeat(frame->kept, BENCH_KEPT_SIZE, &tick, &is_current))
            fail(1, "a heartbeat without a tick");
        if (is_current && tick > talker->tick) talker->tick = tick;
        talker->owes_acknowledgement = true;
        return;
    default: fail(1, "a message of kind %#x", frame->kept[0]);
    }
}

static void read_talker(talker *talker) {
    static uint8_t buffer[1 << 18];
    ssize_t count = recv(talker->socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return drop(talker, 1006);
    for (size_t offset = 0; offset < (size_t)count;) {
        bool is_whole;
        offset += bench_frame_read(&talker->reader, buffer + offset, (size_t)count - offset, &is_whole);
        if (!is_whole) continue;
        const bench_frame_reader *frame = &talker->reader;
        switch (frame->opcode) {
        case BENCH_OPCODE_CLOSE: return drop(talker, frame->size < 2 ? 1005 : frame->kept[0] << 8 | frame->kept[1]);
        case BENCH_OPCODE_PING:
            // A control frame may be longer than what is kept, but no server's is.
            if (frame->size > BENCH_KEPT_SIZE) fail(1, "a ping of %llu bytes", (unsigned long long)frame->size);
            say_frame(talker, BENCH_OPCODE_PONG, frame->kept, (size_t)frame->size);
            break;
        case BENCH_OPCODE_BINARY: take_message(talker); break;
        }
    }
    // One for all that was there, as a client may.
    if (talker->owes_acknowledgement) {
        uint8_t message[BENCH_MADE_SIZE_MAX];
        say(talker, message, bench_make_acknowledge(message, talker->tick, talker->received));
        talker->owes_acknowledgement = false;
    }
    flush(talker);
}

// Commands

static void report(void) {
    unsigned long long asked = 0, answered = 0, refused = 0, waiting = 0;
    for (size_t position = 0; position < talker_count; position++) {
        const talker *talker = &talkers[position];
        asked += talker->asked;
        answered += talker->answered;
        refused += talker->refused;
        if (talker->socket >= 0) waiting += talker->asked - talker->answered;
    }
    printf(
        "{\"asked\":%llu,\"answered\":%llu,\"refused\":%llu,\"waiting\":%llu,\"closed\":%zu,\"lastCloseCode\":%d}\n",
        asked, answered, refused, waiting, closed_count, last_close_code);
}

static void begin(int what, double rate) {
    if (what == REQUESTING && held_count == 0) fail(64, "who holds no subscription has none to end");
    task.what = what;
    task.rate = rate;
    task.start = bench_now();
    task.said = 0;
}

static void request_at_once(uint64_t count) {
    begin(REQUESTING, 0);
    for (size_t position = 0; position < talker_count; position++) {
        for (uint64_t number = 0; number < count / 2; number++) replace_subscription(&talkers[position]);
    }
    for (size_t position = 0; position < talker_count; position++) flush(&talkers[position]);
}

/// False at the end of standard input.
static bool take_commands(void) {
    char text[256], *rest;
    ssize_t count = read(STDIN_FILENO, text, sizeof text - 1);
    if (count <= 0) return false;
    text[count] = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned long number;
        if (strcmp(line, "report") == 0) report();
        else if (strcmp(line, "rest") == 0) begin(RESTING, 0);
        else if (sscanf(line, "request-rate %lu", &number) == 1) begin(REQUESTING, (double)number);
        else if (sscanf(line, "set-rate %lu", &number) == 1) begin(SETTING, (double)number);
        else if (sscanf(line, "request %lu", &number) == 1) request_at_once(number);
        else fail(64, "unknown command '%s'", line);
    }
    return true;
}

static int start_timer(long rate) {
    int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct timespec time = {.tv_sec = rate == 1, .tv_nsec = rate == 1 ? 0 : 1000000000L / rate};
    struct itimerspec setting = {.it_interval = time, .it_value = time};
    if (descriptor < 0 || timerfd_settime(descriptor, 0, &setting, NULL) != 0) fail(1, "timer: %s", strerror(errno));
    return descriptor;
}

int main(int count, char **arguments) {
    long port = 0, number = 0, entities = 0, held = 0, turns = 60;
    for (int position = 1; position < count; position++) {
        const char *argument = arguments[position], *value = arguments[position + 1];
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) return fputs(usage, stdout) < 0;
        if (argument[0] != '-' && port == 0) port = strtol(argument, NULL, 10);
        else if (strcmp(argument, "--clients") == 0 && value) number = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--entities") == 0 && value) entities = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--held") == 0 && value) held = strtol(arguments[++position], NULL, 10);
        else if (strcmp(argument, "--turns") == 0 && value) turns = strtol(arguments[++position], NULL, 10);
        else fail(64, "cannot understand '%s'\n%s", argument, usage);
    }
    if (port < 1 || port > 65535 || number < 1 || number > CLIENT_COUNT_MAX || entities < 1
        || entities > 1 << 22 || held < 0
        || held > HELD_COUNT_MAX || turns < 1 || turns > 1000) {
        fail(64, "a value is missing\n%s", usage);
    }
    talker_count = (size_t)number;
    held_count = (uint64_t)held;
    entity_count = (uint32_t)entities;
    char message[256];
    if (!bench_raise_file_limit(talker_count + 64, message, sizeof message)) fail(1, "%s", message);
    setvbuf(stdout, NULL, _IOLBF, 0);

    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    // What is watched is told apart by these addresses.
    static int input, timer;
    timer = start_timer(turns);
    watch(STDIN_FILENO, EPOLLIN, &input, EPOLL_CTL_ADD);
    watch(timer, EPOLLIN, &timer, EPOLL_CTL_ADD);
    for (size_t position = 0; position < talker_count; position++) {
        talker *talker = &talkers[position];
        const char *reason;
        talker->socket = bench_connect((uint16_t)port, &reason);
        if (talker->socket < 0) fail(1, "client %zu cannot connect to port %ld: %s", position, port, reason);
        talker->next_subscription = talker->next_sequence = 1;
        watch(talker->socket, EPOLLIN, talker, EPOLL_CTL_ADD);
        if (!bench_say_hello(talker->socket, "bench-talkers")) fail(1, "cannot send: %s", strerror(errno));
    }
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
                if (read(timer, &expirations, sizeof expirations) == sizeof expirations) take_turn();
            } else {
                talker *talker = data;
                if (talker->socket >= 0 && events[position].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    read_talker(talker);
                if (talker->socket >= 0 && talker->waits_for_socket) flush(talker);
            }
        }
    }
}
