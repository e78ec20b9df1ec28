#ifndef C_BENCHMARK_CONVERSATION_H
#define C_BENCHMARK_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a client says, as far as the plain C clients need it. Source: docs/PROTOCOL.md.

enum { BENCH_HELLO = 1, BENCH_SUBSCRIBE = 2, BENCH_ACKNOWLEDGE = 4 };
enum { BENCH_WELCOME = 0x81, BENCH_SUBSCRIBE_RESPONSE = 0x82, BENCH_BATCH = 0x84, BENCH_HEARTBEAT = 0x85 };

/// The head of a batch.
typedef struct {
    uint64_t tick, base;
    bool is_whole;
} bench_batch_head;

/// Connects to 127.0.0.1 and shakes hands. Less than 0 on failure, which `*reason` then says.
int bench_connect(uint16_t port, const char **reason);
/// False if the message did not fit the socket, or there is nobody any more.
bool bench_send(int socket, const void *bytes, size_t count);
bool bench_send_message(int socket, int opcode, const uint8_t *payload, size_t count);
bool bench_say_hello(int socket, const char *name);
/// Subscription 1: of all entities, one component, number 0.
bool bench_subscribe(int socket);
bool bench_acknowledge(int socket, uint64_t tick, uint64_t received);
/// Reads the head of a batch from the beginning of its message. False if there is none.
bool bench_read_batch_head(const uint8_t *message, size_t count, bench_batch_head *head);

#endif
