#include "CBenchmarkFrames.h"

#include <string.h>
#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

/// How long the head is, as far as its bytes tell already.
static size_t head_size(const bench_frame_reader *reader) {
    if (reader->head_count < 2) return 2;
    size_t mask = reader->head[1] & 0x80 ? 4 : 0;
    switch (reader->head[1] & 0x7f) {
    case 126: return 4 + mask;
    case 127: return 10 + mask;
    default: return 2 + mask;
    }
}

static uint64_t payload_size(const bench_frame_reader *reader) {
    uint64_t size = reader->head[1] & 0x7f;
    size_t width = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (width > 0) size = 0;
    for (size_t position = 0; position < width; position++) size = size << 8 | reader->head[2 + position];
    return size;
}

/// Adds some bytes to a hash of all, however they were divided.
static uint64_t hash(uint64_t hash, const uint8_t *bytes, size_t count) {
#ifdef __SSE4_2__
    // CRC-32C, a word at a time: to compare what was read must not cost more than to read it.
    size_t position = 0;
    for (; position + 8 <= count; position += 8) {
        uint64_t word;
        memcpy(&word, bytes + position, sizeof word);
        hash = _mm_crc32_u64(hash, word);
    }
    for (; position < count; position++) hash = _mm_crc32_u8((uint32_t)hash, bytes[position]);
#else
    // FNV-1a.
    for (size_t position = 0; position < count; position++) hash = (hash ^ bytes[position]) * 0x100000001b3;
#endif
    return hash;
}

static void hash_tail(bench_frame_reader *reader, const uint8_t *bytes, size_t count) {
    uint64_t start = reader->size > reader->tail_size ? reader->size - reader->tail_size : 0;
    size_t skipped = reader->received >= start ? 0 : (size_t)(start - reader->received);
    if (skipped < count) reader->tail_hash = hash(reader->tail_hash, bytes + skipped, count - skipped);
}

size_t bench_frame_read(bench_frame_reader *reader, const uint8_t *bytes, size_t count, bool *is_whole) {
    size_t taken = 0;
    *is_whole = false;
    if (reader->head_size == 0) {
        while (reader->head_count < head_size(reader)) {
            if (taken == count) return taken;
            reader->head[reader->head_count++] = bytes[taken++];
        }
        reader->head_size = reader->head_count;
        reader->opcode = reader->head[0] & 0x0f;
        reader->size = payload_size(reader);
        reader->received = 0;
        reader->tail_hash = 0xcbf29ce484222325;
    }
    uint64_t missing = reader->size - reader->received;
    size_t part = missing < count - taken ? (size_t)missing : count - taken;
    if (reader->received < BENCH_KEPT_SIZE) {
        size_t room = BENCH_KEPT_SIZE - (size_t)reader->received;
        memcpy(reader->kept + reader->received, bytes + taken, part < room ? part : room);
    }
    if (reader->tail_size > 0) hash_tail(reader, bytes + taken, part);
    reader->received += part;
    if (reader->received == reader->size) {
        *is_whole = true;
        reader->head_count = 0;
        reader->head_size = 0;
    }
    return taken + part;
}

size_t bench_frame_head(uint8_t *target, int opcode, size_t payload_size, bool is_masked) {
    size_t count = 0;
    target[count++] = (uint8_t)(0x80 | opcode);
    uint8_t mask = is_masked ? 0x80 : 0;
    size_t width = payload_size < 126 ? 0 : payload_size < 65536 ? 2 : 8;
    target[count++] = (uint8_t)(mask | (width == 0 ? payload_size : width == 2 ? 126 : 127));
    for (size_t position = width; position > 0; position--) {
        target[count++] = (uint8_t)((uint64_t)payload_size >> (8 * (position - 1)));
    }
    if (is_masked) {
        memset(target + count, 0, 4);
        count += 4;
    }
    return count;
}

size_t bench_varint_write(uint8_t *target, uint64_t value) {
    size_t count = 0;
    while (value >= 0x80) {
        target[count++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    target[count++] = (uint8_t)value;
    return count;
}

bool bench_varint_read(const uint8_t *bytes, size_t count, size_t *offset, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *offset < count; shift += 7) {
        uint8_t byte = bytes[(*offset)++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}
