#define _GNU_SOURCE
#include "CAllocationCounter.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

// Source: glibc, malloc/malloc.c: the names under which it keeps its own for those who put theirs in front.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

typedef struct {
    _Atomic int thread;
    _Atomic uint64_t allocations, size, frees;
    _Atomic int64_t live;
} entry;

static entry entries[ALLOCATION_THREAD_COUNT_MAX];
static _Atomic size_t entry_count;
static __thread entry *own __attribute__((tls_model("initial-exec")));

static entry *own_entry(void) {
    if (!own) {
        size_t position = atomic_fetch_add(&entry_count, 1);
        own = &entries[position < ALLOCATION_THREAD_COUNT_MAX ? position : ALLOCATION_THREAD_COUNT_MAX - 1];
        atomic_store(&own->thread, (int)syscall(SYS_gettid));
    }
    return own;
}

static void count_allocation(size_t size) {
    entry *mine = own_entry();
    atomic_fetch_add_explicit(&mine->allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&mine->size, size, memory_order_relaxed);
}

static void count_free(void *memory) {
    if (!memory) return;
    entry *mine = own_entry();
    atomic_fetch_add_explicit(&mine->frees, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&mine->live, (int64_t)malloc_usable_size(memory), memory_order_relaxed);
}

static void *counted(void *memory) {
    if (memory) {
        atomic_fetch_add_explicit(&own_entry()->live, (int64_t)malloc_usable_size(memory), memory_order_relaxed);
    }
    return memory;
}

void *malloc(size_t size) {
    count_allocation(size);
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    count_allocation(count * size);
    return counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    count_allocation(size);
    count_free(memory);
    return counted(__libc_realloc(memory, size));
}

void *memalign(size_t alignment, size_t size) {
    count_allocation(size);
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    void *result = memalign(alignment, size);
    if (!result) return ENOMEM;
    *memory = result;
    return 0;
}

void free(void *memory) {
    count_free(memory);
    __libc_free(memory);
}

size_t allocation_counts(allocation_count *counts, size_t capacity) {
    size_t known = atomic_load(&entry_count);
    if (known > ALLOCATION_THREAD_COUNT_MAX) known = ALLOCATION_THREAD_COUNT_MAX;
    if (known > capacity) known = capacity;
    for (size_t position = 0; position < known; position++) {
        counts[position] = (allocation_count){
            .thread = atomic_load(&entries[position].thread),
            .allocation_count = atomic_load_explicit(&entries[position].allocations, memory_order_relaxed),
            .allocated_size = atomic_load_explicit(&entries[position].size, memory_order_relaxed),
            .free_count = atomic_load_explicit(&entries[position].frees, memory_order_relaxed),
            .live_size = atomic_load_explicit(&entries[position].live, memory_order_relaxed),
        };
    }
    return known;
}
