#include "held_values.h"

#include <stdint.h>

// Swift has no thread-local variables that cost less than a call of the C library.
static _Thread_local struct {
    size_t count;
    uintptr_t addresses[held_values_count_max];
} held;

bool held_values_push(const void *address) {
    if (held.count == held_values_count_max) return false;
    held.addresses[held.count++] = (uintptr_t)address;
    return true;
}

size_t held_values_count(void) { return held.count; }

void held_values_pop(void) {
    if (held.count > 0) held.count--;
}

bool held_values_overlap(const void *start, size_t size) {
    for (size_t i = 0; i < held.count; i++) {
        if (held.addresses[i] - (uintptr_t)start < size) return true;
    }
    return false;
}
