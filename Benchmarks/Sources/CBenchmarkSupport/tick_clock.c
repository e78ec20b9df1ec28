#define _GNU_SOURCE
#include "CBenchmarkSupport.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct bench_tick_clock {
    // The tick beside its time, so that a reader who comes a round late finds out.
    struct {
        _Atomic uint64_t tick;
        _Atomic uint64_t start;
    } slots[BENCH_TICK_CLOCK_SIZE];
};

bench_tick_clock *bench_tick_clock_open(const char *path) {
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return NULL;
    void *memory = MAP_FAILED;
    if (ftruncate(descriptor, sizeof(bench_tick_clock)) == 0) {
        memory = mmap(NULL, sizeof(bench_tick_clock), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    close(descriptor);
    return memory == MAP_FAILED ? NULL : memory;
}

void bench_tick_clock_begin(bench_tick_clock *clock, uint64_t tick) {
    atomic_store_explicit(&clock->slots[tick % BENCH_TICK_CLOCK_SIZE].start, bench_now(), memory_order_relaxed);
    atomic_store_explicit(&clock->slots[tick % BENCH_TICK_CLOCK_SIZE].tick, tick, memory_order_release);
}

uint64_t bench_tick_clock_start(const bench_tick_clock *clock, uint64_t tick) {
    uint64_t known = atomic_load_explicit(&clock->slots[tick % BENCH_TICK_CLOCK_SIZE].tick, memory_order_acquire);
    if (known != tick || tick == 0) return 0;
    return atomic_load_explicit(&clock->slots[tick % BENCH_TICK_CLOCK_SIZE].start, memory_order_relaxed);
}

uint64_t bench_tick_clock_newest(const bench_tick_clock *clock) {
    uint64_t newest = 0;
    for (size_t slot = 0; slot < BENCH_TICK_CLOCK_SIZE; slot++) {
        uint64_t tick = atomic_load_explicit(&clock->slots[slot].tick, memory_order_acquire);
        if (tick > newest) newest = tick;
    }
    return newest;
}
