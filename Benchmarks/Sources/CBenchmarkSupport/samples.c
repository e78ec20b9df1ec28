#include "CBenchmarkSupport.h"

#include <stdlib.h>

int bench_samples_create(bench_samples *samples, size_t capacity) {
    *samples = (bench_samples){.nanoseconds = calloc(capacity, sizeof(uint64_t)), .capacity = capacity};
    return samples->nanoseconds ? 0 : -1;
}

void bench_samples_add(bench_samples *samples, uint64_t nanoseconds) {
    if (samples->count == samples->capacity) {
        samples->dropped++;
        return;
    }
    samples->nanoseconds[samples->count++] = nanoseconds;
}

static int compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

double bench_samples_percentile(bench_samples *samples, double fraction) {
    if (samples->count == 0) return 0;
    qsort(samples->nanoseconds, samples->count, sizeof(uint64_t), compare);
    return (double)samples->nanoseconds[(size_t)(fraction * (double)(samples->count - 1) + 0.5)] / 1e6;
}
