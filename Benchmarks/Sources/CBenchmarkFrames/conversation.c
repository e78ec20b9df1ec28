#define _GNU_SOURCE
#include "CBenchmarkConversation.h"

#include "CBenchmarkFrames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool bench_send(int socket, const void *bytes, size_t count) {
    return send(socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)count;
}

bool bench_send_message(int socket, int opcode, const uint8_t *payload, size_t count) {
    uint8_t frame[BENCH_FRAME_HEAD_MAX + BENCH_SENT_SIZE_MAX];
    if (count > BENCH_SENT_SIZE_MAX) return false;
    size_t head = bench_frame_head(frame, opcode, count, true);
    memcpy(frame + head, payload, count);
    return bench_send(socket, frame, head + count);
}

bool bench_say_hello(int socket, const char *name) {
    size_t length = strlen(name);
    uint8_t message[64] = {BENCH_HELLO, 1, 1, (uint8_t)length};
    if (length > sizeof message - 16) return false;
    memcpy(message + 4, name, length);
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, 4 + length);
}

/// Writes the section of a query's text.
static size_t write_text(uint8_t *target, const char *text) {
    size_t length = strlen(text);
    target[0] = BENCH_SECTION_TEXT;
    target[1] = (uint8_t)length;
    memcpy(target + 2, text, length);
    return 2 + length;
}

bool bench_subscribe(int socket) {
    uint8_t message[BENCH_MADE_SIZE_MAX] = {BENCH_SUBSCRIBE, 1};
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, 2 + write_text(message + 2, "Position"));
}

bool bench_acknowledge(int socket, uint64_t tick, uint64_t received) {
    uint8_t message[BENCH_MADE_SIZE_MAX];
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, bench_make_acknowledge(message, tick, received));
}

static size_t write_u32(uint8_t *target, uint32_t value) {
    for (size_t position = 0; position < 4; position++) target[position] = (uint8_t)(value >> (8 * position));
    return 4;
}

static size_t write_u64(uint8_t *target, uint64_t value) {
    return write_u32(target, (uint32_t)value) + write_u32(target + 4, (uint32_t)(value >> 32));
}

/// The first entity at an index: of generation 1.
static size_t write_entity(uint8_t *target, uint32_t index) {
    return write_u32(target, index) + write_u32(target + 4, 1);
}

size_t bench_make_subscribe_one(uint8_t *message, uint64_t subscription, uint32_t index) {
    size_t count = 0;
    message[count++] = BENCH_SUBSCRIBE;
    count += bench_varint_write(message + count, subscription);
    message[count++] = BENCH_SECTION_ENTITIES;
    // A row set of one row, as a delta, and its generation.
    size_t length = count++;
    message[count++] = 0;
    message[count++] = 1;
    count += bench_varint_write(message + count, index);
    count += write_u32(message + count, 1);
    message[length] = (uint8_t)(count - length - 1);
    return count + write_text(message + count, "Position?");
}

size_t bench_make_subscribe_list(
    uint8_t *message, uint64_t subscription, uint32_t first, uint32_t step, uint32_t entity_count) {
    uint8_t content[BENCH_SENT_SIZE_MAX];
    // A row set as deltas, then the generations.
    size_t size = 0;
    content[size++] = 0;
    size += bench_varint_write(content + size, entity_count);
    size += bench_varint_write(content + size, first);
    for (uint32_t position = 1; position < entity_count; position++) {
        size += bench_varint_write(content + size, step - 1);
    }
    for (uint32_t position = 0; position < entity_count; position++) size += write_u32(content + size, 1);
    size_t count = 0;
    message[count++] = BENCH_SUBSCRIBE;
    count += bench_varint_write(message + count, subscription);
    message[count++] = BENCH_SECTION_ENTITIES;
    count += bench_varint_write(message + count, size);
    memcpy(message + count, content, size);
    count += size;
    return count + write_text(message + count, "Position?");
}

size_t bench_make_subscribe_query(uint8_t *message, uint64_t subscription, const char *text) {
    message[0] = BENCH_SUBSCRIBE;
    size_t count = 1 + bench_varint_write(message + 1, subscription);
    return count + write_text(message + count, text);
}

size_t bench_make_unsubscribe(uint8_t *message, uint64_t subscription) {
    message[0] = BENCH_UNSUBSCRIBE;
    return 1 + bench_varint_write(message + 1, subscription);
}

size_t bench_make_acknowledge(uint8_t *message, uint64_t tick, uint64_t received) {
    size_t count = 0;
    message[count++] = BENCH_ACKNOWLEDGE;
    // The lane.
    message[count++] = 0;
    count += bench_varint_write(message + count, tick);
    return count + bench_varint_write(message + count, received);
}

size_t bench_make_set(uint8_t *message, uint64_t sequence, uint64_t epoch, uint32_t index, const float value[3]) {
    size_t count = 0;
    message[count++] = BENCH_MUTATE;
    count += bench_varint_write(message + count, sequence);
    count += write_u64(message + count, epoch);
    message[count++] = BENCH_SECTION_SET;
    // The entity, the component, the length of its value, the value, and whether one is expected.
    message[count++] = 8 + 1 + 1 + 12 + 1;
    count += write_entity(message + count, index);
    message[count++] = 0;
    message[count++] = 12;
    for (size_t lane = 0; lane < 3; lane++) {
        uint32_t bits;
        memcpy(&bits, &value[lane], sizeof bits);
        count += write_u32(message + count, bits);
    }
    // Nothing is expected of the value before.
    message[count++] = 0;
    return count;
}

/// Writes a section of which the length takes two bytes, from content that is not longer than 16383.
static size_t write_section(uint8_t *target, uint8_t kind, const uint8_t *content, size_t size) {
    target[0] = kind;
    target[1] = (uint8_t)(size | 0x80);
    target[2] = (uint8_t)(size >> 7);
    memcpy(target + 3, content, size);
    return 3 + size;
}

bool bench_say_hello_again(
    int socket, const char *name, const bench_place *place, const char *const *texts, size_t text_count) {
    uint8_t resume[BENCH_SENT_SIZE_MAX], message[BENCH_SENT_SIZE_MAX] = {BENCH_HELLO, 1, 1, (uint8_t)strlen(name)};
    size_t size = write_u64(resume, place->epoch);
    // The lane.
    resume[size++] = 0;
    size += bench_varint_write(resume + size, place->tick);
    resume[size++] = (uint8_t)place->token_size;
    memcpy(resume + size, place->token, place->token_size);
    size += place->token_size;
    size += bench_varint_write(resume + size, text_count);
    for (size_t position = 0; position < text_count; position++) {
        if (size + strlen(texts[position]) + 32 > sizeof resume - 64 || strlen(texts[position]) > BENCH_QUERY_SIZE_MAX)
            return false;
        size += bench_varint_write(resume + size, position + 1);
        size_t length = write_text(resume + size + 1, texts[position]);
        resume[size] = (uint8_t)length;
        size += 1 + length;
    }
    size_t count = 4 + strlen(name);
    if (count + 3 + size > sizeof message) return false;
    memcpy(message + 4, name, strlen(name));
    // The section of the resume.
    count += write_section(message + count, 2, resume, size);
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, count);
}

bool bench_next_section(const uint8_t *message, size_t count, size_t *offset, bench_section *section) {
    if (*offset == count) return false;
    section->kind = message[(*offset)++] & 0x7f;
    uint64_t size;
    if (!bench_varint_read(message, count, offset, &size) || size > count - *offset) return false;
    section->content = message + *offset;
    section->size = (size_t)size;
    *offset += size;
    return true;
}

bool bench_read_place(const uint8_t *welcome, size_t count, bench_place *place) {
    uint64_t skipped;
    if (!bench_read_epoch(welcome, count, &place->epoch)) return false;
    // The version, the epoch, the tick, and ticks in 1000 seconds.
    size_t offset = 1;
    if (!bench_varint_read(welcome, count, &offset, &skipped)) return false;
    offset += 8;
    if (!bench_varint_read(welcome, count, &offset, &skipped) || !bench_varint_read(welcome, count, &offset, &skipped))
        return false;
    bench_section section;
    while (bench_next_section(welcome, count, &offset, &section)) {
        // The session: its token, then whether it goes on.
        if (section.kind != 4) continue;
        size_t size = section.size > 0 ? section.content[0] : 0;
        if (size > sizeof place->token || section.size < size + 2) return false;
        place->token_size = size;
        memcpy(place->token, section.content + 1, size);
        place->resumption = section.content[1 + size];
        return true;
    }
    return false;
}

bool bench_read_epoch(const uint8_t *welcome, size_t count, uint64_t *epoch) {
    size_t offset = 1;
    uint64_t version;
    if (!bench_varint_read(welcome, count, &offset, &version) || count - offset < 8) return false;
    *epoch = 0;
    for (size_t position = 8; position > 0; position--) *epoch = *epoch << 8 | welcome[offset + position - 1];
    return true;
}

bool bench_read_heartbeat(const uint8_t *message, size_t count, uint64_t *tick, bool *is_current) {
    size_t offset = 1;
    uint64_t lane;
    if (!bench_varint_read(message, count, &offset, &lane) || !bench_varint_read(message, count, &offset, tick)
        || offset == count) {
        return false;
    }
    *is_current = message[offset] == 1;
    return true;
}

bool bench_read_answer(const uint8_t *message, size_t count, uint8_t *code) {
    size_t offset = 1;
    uint64_t number;
    if (!bench_varint_read(message, count, &offset, &number) || offset == count) return false;
    *code = message[offset];
    return true;
}

/// Moves on behind so many bytes, whose number stands before them.
static bool skip_sized(const uint8_t *message, size_t count, size_t *offset) {
    uint64_t size;
    if (!bench_varint_read(message, count, offset, &size) || size > count - *offset) return false;
    *offset += size;
    return true;
}

static bool read_outcome(const uint8_t *message, size_t count, size_t *offset, uint8_t *code) {
    uint64_t sequence, tick, entities;
    if (!bench_varint_read(message, count, offset, &sequence) || *offset == count) return false;
    *code = message[(*offset)++];
    if (*code == 0) {
        if (!bench_varint_read(message, count, offset, &tick) || !bench_varint_read(message, count, offset, &entities)
            || entities > (count - *offset) / 8) {
            return false;
        }
        *offset += 8 * entities;
        return true;
    }
    if (!skip_sized(message, count, offset) || *offset == count) return false;
    return message[(*offset)++] == 0 || skip_sized(message, count, offset);
}

bool bench_read_outcomes(const uint8_t *message, size_t count, uint64_t *answered, uint64_t *refused) {
    size_t offset = 1;
    *refused = 0;
    if (!bench_varint_read(message, count, &offset, answered)) return false;
    for (uint64_t number = 0; number < *answered; number++) {
        uint8_t code;
        if (!read_outcome(message, count, &offset, &code)) return false;
        *refused += code != 0;
    }
    return true;
}

bool bench_read_batch_head(const uint8_t *message, size_t count, bench_batch_head *head) {
    size_t offset = 1;
    uint64_t lane, distance, part;
    if (!bench_varint_read(message, count, &offset, &lane)
        || !bench_varint_read(message, count, &offset, &head->tick)
        || !bench_varint_read(message, count, &offset, &distance)
        || offset == count) {
        return false;
    }
    head->base = head->tick - distance;
    head->is_whole = (message[offset] & 1) != 0;
    head->asks_to_acknowledge = message[offset++] != 3;
    bool is_read = bench_varint_read(message, count, &offset, &part);
    head->size = offset;
    return is_read;
}

static bool ask_for_upgrade(int descriptor, uint16_t port) {
    char request[512];
    int length = snprintf(
        request, sizeof request,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: " BENCH_HANDSHAKE_KEY "\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: orrery.v1\r\n\r\n",
        port);
    return bench_send(descriptor, request, (size_t)length);
}

/// A connected socket. Less than 0 on failure.
static int open_socket(uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0) return -1;
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

int bench_begin_connect(uint16_t port) {
    int descriptor = open_socket(port);
    if (descriptor >= 0 && !ask_for_upgrade(descriptor, port)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

const char *bench_finish_connect(int descriptor) {
    char answer[2048] = "";
    for (size_t count = 0; !strstr(answer, "\r\n\r\n"); count++) {
        if (count + 1 == sizeof answer || recv(descriptor, answer + count, 1, 0) != 1) {
            return "the server's answer to the handshake ends early";
        }
    }
    bool is_accepted = strncmp(answer, "HTTP/1.1 101", 12) == 0 && strstr(answer, BENCH_HANDSHAKE_ACCEPT);
    return is_accepted ? NULL : "the server refuses WebSockets";
}

int bench_connect(uint16_t port, const char **reason) {
    int descriptor = bench_begin_connect(port);
    if (descriptor < 0) {
        *reason = strerror(errno);
        return -1;
    }
    *reason = bench_finish_connect(descriptor);
    if (!*reason) return descriptor;
    close(descriptor);
    return -1;
}

size_t bench_read_page(uint16_t port, const char *path, char *page, size_t size) {
    int descriptor = open_socket(port);
    if (descriptor < 0) return 0;
    char request[256];
    int length = snprintf(
        request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, port);
    size_t count = 0;
    if (bench_send(descriptor, request, (size_t)length)) {
        for (ssize_t more = 1; more > 0 && count + 1 < size; count += more > 0 ? (size_t)more : 0) {
            more = recv(descriptor, page + count, size - count - 1, 0);
        }
    }
    close(descriptor);
    page[count] = 0;
    return count;
}
