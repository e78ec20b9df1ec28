#ifndef C_BENCHMARK_FRAMES_H
#define C_BENCHMARK_FRAMES_H

#include "CBenchmarkConversation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// WebSocket frames as far as the two plain C programs need them. Source: RFC 6455, sections 1.3 and 5.2.

/// The key of the RFC's example, and the answer to it: both ends are ours, so nobody has to compute it.
#define BENCH_HANDSHAKE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define BENCH_HANDSHAKE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum { BENCH_OPCODE_BINARY = 2, BENCH_OPCODE_CLOSE = 8, BENCH_OPCODE_PING = 9, BENCH_OPCODE_PONG = 10 };

/// How much of a frame's payload is kept; the rest is counted and dropped.
enum { BENCH_KEPT_SIZE = 1024, BENCH_FRAME_HEAD_MAX = 14 };

/// The longest message that `bench_send_message` sends.
enum { BENCH_SENT_SIZE_MAX = 1024 };

/// Takes a stream of frames apart as it comes. Starts zeroed.
typedef struct {
    uint8_t head[BENCH_FRAME_HEAD_MAX];
    size_t head_count;
    /// Bytes of the head, once known.
    size_t head_size;
    /// Of the frame that is being read.
    int opcode;
    uint64_t size;
    uint64_t received;
    /// The beginning of the payload. Of a masked frame it is right only for the mask 0, which is what our client uses.
    uint8_t kept[BENCH_KEPT_SIZE];
    /// Set by the owner: of how many last bytes of each payload `tail_hash` is made.
    uint64_t tail_size;
    /// A hash of the payload's end, as far as it was read.
    uint64_t tail_hash;
} bench_frame_reader;

/// Reads on in `bytes` up to the end of the next frame. Returns how many bytes it took; `*is_whole` says whether a
/// frame has ended.
size_t bench_frame_read(bench_frame_reader *reader, const uint8_t *bytes, size_t count, bool *is_whole);

/// Writes the head of a frame; masked with 0, which leaves the payload as it is. Returns its size.
size_t bench_frame_head(uint8_t *target, int opcode, size_t payload_size, bool is_masked);

/// Writes a varint. Returns its size, 10 at most.
size_t bench_varint_write(uint8_t *target, uint64_t value);
/// Reads a varint at `*offset` and moves on. False if it does not end before `count`.
bool bench_varint_read(const uint8_t *bytes, size_t count, size_t *offset, uint64_t *value);

#endif
