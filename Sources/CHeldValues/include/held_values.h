#ifndef ORRERY_HELD_VALUES_H
#define ORRERY_HELD_VALUES_H

#include <stdbool.h>
#include <stddef.h>

/// The most values that one thread may hold at once.
enum { held_values_count_max = 256 };

/// Adds an address to those that this thread holds. False if there are too many.
bool held_values_push(const void *address);

/// How many addresses this thread holds.
size_t held_values_count(void);

/// Removes the address that was added last.
void held_values_pop(void);

/// Whether this thread holds an address within `size` bytes from `start`.
/// Complexity: O(held addresses).
bool held_values_overlap(const void *start, size_t size);

#endif
