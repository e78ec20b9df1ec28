#ifndef C_BENCHMARK_CONVERSATION_H
#define C_BENCHMARK_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a client says, as far as the plain C clients need it. Source: docs/PROTOCOL.md.

enum { BENCH_HELLO = 1, BENCH_SUBSCRIBE = 2, BENCH_UNSUBSCRIBE = 3, BENCH_ACKNOWLEDGE = 4, BENCH_MUTATE = 5 };
/// Sections that must be understood, of Subscribe and of Mutate.
enum { BENCH_SECTION_ENTITIES = 0x81, BENCH_SECTION_TEXT = 0x82, BENCH_SECTION_SET = 0x81 };
enum {
    BENCH_WELCOME = 0x81,
    BENCH_SUBSCRIBE_RESPONSE = 0x82,
    BENCH_UNSUBSCRIBE_RESPONSE = 0x83,
    BENCH_BATCH = 0x84,
    BENCH_HEARTBEAT = 0x85,
    BENCH_MUTATION_RESPONSE = 0x86
};

/// The most entities that one Subscribe of these clients lists.
enum { BENCH_LISTED_MAX = 100 };

/// The longest text of a query of these clients.
enum { BENCH_QUERY_SIZE_MAX = 120 };

/// The longest message that a `bench_make_…` makes, unless it says otherwise.
enum { BENCH_MADE_SIZE_MAX = 160 };

/// The head of a batch.
typedef struct {
    uint64_t tick, base;
    bool is_whole;
    bool asks_to_acknowledge;
    /// Bytes up to the sections.
    size_t size;
} bench_batch_head;

/// Where a client stands, as it says when it comes back.
typedef struct {
    uint64_t epoch, tick;
    uint8_t token[64];
    size_t token_size;
    /// Of the last Welcome: 1 if the client went on.
    uint8_t resumption;
} bench_place;

/// A section of a message.
typedef struct {
    /// Without the bit for one that must be understood.
    uint8_t kind;
    const uint8_t *content;
    size_t size;
} bench_section;

/// Connects to 127.0.0.1 and shakes hands. Less than 0 on failure, which `*reason` then says.
int bench_connect(uint16_t port, const char **reason);
/// The same in two steps, so that many connect at once: connects to 127.0.0.1 and asks for the upgrade. Less than 0
/// with errno on failure.
int bench_begin_connect(uint16_t port);
/// Waits for the answer, byte by byte, so that nothing of what follows is taken. NULL, or why there is no connection.
const char *bench_finish_connect(int socket);
/// Reads a page of the server, head and all, as a string. Returns its length, 0 if there is no page.
size_t bench_read_page(uint16_t port, const char *path, char *page, size_t size);
/// False if the message did not fit the socket, or there is nobody any more.
bool bench_send(int socket, const void *bytes, size_t count);
bool bench_send_message(int socket, int opcode, const uint8_t *payload, size_t count);
bool bench_say_hello(int socket, const char *name);
/// Comes back: with these queries as subscriptions 1, 2, and so on. False also if all of it is longer than
/// BENCH_SENT_SIZE_MAX.
bool bench_say_hello_again(
    int socket, const char *name, const bench_place *place, const char *const *texts, size_t text_count);
/// Subscription 1: Position of all entities.
bool bench_subscribe(int socket);
bool bench_acknowledge(int socket, uint64_t tick, uint64_t received);

// Messages of which a client sends several at once. Each is written to `message`, and its size returned.

/// Position of the first entity at an index.
size_t bench_make_subscribe_one(uint8_t *message, uint64_t subscription, uint32_t index);
/// Position of the first entities at indexes that lie `step` apart: BENCH_LISTED_MAX at most. Fits
/// BENCH_SENT_SIZE_MAX.
size_t bench_make_subscribe_list(
    uint8_t *message, uint64_t subscription, uint32_t first, uint32_t step, uint32_t entity_count);
/// A query of at most BENCH_QUERY_SIZE_MAX bytes.
size_t bench_make_subscribe_query(uint8_t *message, uint64_t subscription, const char *text);
size_t bench_make_unsubscribe(uint8_t *message, uint64_t subscription);
size_t bench_make_acknowledge(uint8_t *message, uint64_t tick, uint64_t received);
/// Sets component 0, three floats, of the first entity at an index.
size_t bench_make_set(uint8_t *message, uint64_t sequence, uint64_t epoch, uint32_t index, const float value[3]);

// What a server says, read from the beginning of its message. False if it is not that.

bool bench_read_epoch(const uint8_t *welcome, size_t count, uint64_t *epoch);
/// All but the tick of a place, from a whole Welcome.
bool bench_read_place(const uint8_t *welcome, size_t count, bench_place *place);
/// Reads the section at `*offset` and moves on. False at the end.
bool bench_next_section(const uint8_t *message, size_t count, size_t *offset, bench_section *section);
bool bench_read_heartbeat(const uint8_t *message, size_t count, uint64_t *tick, bool *is_current);
/// The code of an answer to a request; 0 where it was granted.
bool bench_read_answer(const uint8_t *message, size_t count, uint8_t *code);
/// How many mutations a message answers, and how many of those were refused. False also where they are more than are
/// kept.
bool bench_read_outcomes(const uint8_t *message, size_t count, uint64_t *answered, uint64_t *refused);
/// Reads the head of a batch from the beginning of its message. False if there is none.
bool bench_read_batch_head(const uint8_t *message, size_t count, bench_batch_head *head);

#endif
