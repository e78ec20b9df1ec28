#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

#include <stddef.h>
#include <stdint.h>

// Linked into a program, this counts what each of its threads allocates: its malloc and its kin are used in place of
// glibc's, count,
// and call glibc's.

typedef struct {
    int thread;
    uint64_t allocation_count;
    uint64_t allocated_size;
    uint64_t free_count;
    /// Bytes that it took and did not give back; below 0 if it gives back what others took.
    int64_t live_size;
} allocation_count;

/// Threads that are told apart; further ones share the last entry.
enum { ALLOCATION_THREAD_COUNT_MAX = 256 };

/// What each thread that ever allocated has done so far.
/// Returns how many entries were written, at most `capacity`.
size_t allocation_counts(allocation_count *counts, size_t capacity);

#endif
