// Three bad clients in one thread: one that reads slowly, one that says nothing and reads nothing, one that sends
// rubbish and comes
// back at once.

#define _GNU_SOURCE
#include "CBenchmarkConversation.h"
#include "CBenchmarkFrames.h"
#include "CBenchmarkSupport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] =
    "Usage: bench-rogues PORT\n"
    "\n"
    "Connects three clients to the server at 127.0.0.1:PORT. The slow one reads 1 kB ten times a second and "
    "acknowledges that; the\n"
    "silent one subscribes, then neither reads nor acknowledges; the hostile one sends random bytes, as frames, "
    "as messages before\n"
    "and after its Hello, and connects anew when it is thrown out. Prints 'ready' when all have begun.\n"
    "\n"
    "Commands on standard input, one a line: 'report' prints one line of JSON. Its end ends the program.\n";

/// How much the slow one reads at a time, and the time between two looks.
enum { SLOW_READ_SIZE = 1024, PERIOD_MS = 20, SLOW_PERIODS = 5 };

typedef struct {
    int socket;
    bench_frame_reader reader;
    uint64_t tick, received;
    /// How often it has connected, and how many batches it has read.
    uint64_t connections, batches;
} rogue;

static uint16_t port;
static rogue slow, silent, hostile;
static uint64_t random_state = 1;

/// xorshift64. Source: Marsaglia, "Xorshift RNGs", 2003.
static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/// Connects anew, if it can.
static bool begin(rogue *rogue) {
    if (rogue->socket >= 0) close(rogue->socket);
    const char *reason;
    rogue->socket = bench_connect(port, &reason);
    rogue->reader = (bench_frame_reader){0};
    rogue->tick = rogue->received = 0;
    if (rogue->socket < 0) return false;
    rogue->connections++;
    return true;
}

static bool is_gone(const rogue *rogue) {
    struct pollfd poll_entry = {.fd = rogue->socket, .events = POLLRDHUP};
    return rogue->socket < 0 || (poll(&poll_entry, 1, 0) > 0 && (poll_entry.revents & (POLLRDHUP | POLLHUP | POLLERR)));
}

static void begin_watching(rogue *rogue, const char *name) {
    if (!begin(rogue)) return;
    // What is under way stays small, so that the server has to wait.
    int size = 4096;
    setsockopt(rogue->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    bench_say_hello(rogue->socket, name);
    bench_subscribe(rogue->socket);
}

static void read_slowly(void) {
    uint8_t buffer[SLOW_READ_SIZE];
    ssize_t count = recv(slow.socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return begin_watching(&slow, "slow");
    for (ssize_t offset = 0; offset < count;) {
        bool is_whole;
        offset += (ssize_t)bench_frame_read(&slow.reader, buffer + offset, (size_t)(count - offset), &is_whole);
        bench_batch_head head;
        if (!is_whole || slow.reader.opcode != BENCH_OPCODE_BINARY || slow.reader.kept[0] != BENCH_BATCH
            || !bench_read_batch_head(slow.reader.kept, BENCH_KEPT_SIZE, &head)) {
            continue;
        }
        slow.batches++;
        slow.received += slow.reader.size;
        if (head.is_whole) slow.tick = head.tick;
        bench_acknowledge(slow.socket, slow.tick, slow.received);
    }
}

static void send_rubbish(void) {
    if (!begin(&hostile)) return;
    uint8_t rubbish[BENCH_SENT_SIZE_MAX];
    for (size_t position = 0; position < sizeof rubbish; position++) rubbish[position] = (uint8_t)next_random();
    size_t count = next_random() % sizeof rubbish;
    switch (next_random() % 4) {
    case 0: bench_send(hostile.socket, rubbish, count); break;
    case 1: bench_send_message(hostile.socket, BENCH_OPCODE_BINARY, rubbish, count); break;
    default:
        bench_say_hello(hostile.socket, "hostile");
        bench_subscribe(hostile.socket);
        // A message of a kind that exists, with a body that makes no sense.
        rubbish[0] = (uint8_t)(1 + next_random() % 8);
        bench_send_message(hostile.socket, BENCH_OPCODE_BINARY, rubbish, count);
    }
}

/// False at the end of standard input.
static bool take_commands(void) {
    char text[256];
    ssize_t count = read(STDIN_FILENO, text, sizeof text - 1);
    if (count <= 0) return false;
    printf(
        "{\"slowBatches\":%llu,\"slowConnections\":%llu,\"silentConnections\":%llu,\"hostileConnections\":%llu}\n",
        (unsigned long long)slow.batches, (unsigned long long)slow.connections, (unsigned long long)silent.connections,
        (unsigned long long)hostile.connections);
    return true;
}

int main(int count, char **arguments) {
    long number = count == 2 ? strtol(arguments[1], NULL, 10) : 0;
    if (number < 1 || number > 65535) {
        fputs(usage, stderr);
        return 64;
    }
    port = (uint16_t)number;
    setvbuf(stdout, NULL, _IOLBF, 0);
    slow.socket = silent.socket = hostile.socket = -1;
    for (unsigned period = 0;; period++) {
        if (is_gone(&slow)) begin_watching(&slow, "slow");
        else if (period % SLOW_PERIODS == 0) read_slowly();
        if (is_gone(&silent)) begin_watching(&silent, "silent");
        send_rubbish();
        if (period == 0) puts("ready");
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, PERIOD_MS) > 0 && !take_commands()) return 0;
    }
}
