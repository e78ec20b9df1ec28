#ifndef C_BENCHMARK_SUPPORT_H
#define C_BENCHMARK_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
uint64_t bench_now(void);

/// Processor time of a thread of this process, in nanoseconds; 0 for one that has ended.
uint64_t bench_thread_time(int thread);

/// Processor time of all threads of a process so far, in nanoseconds; 0 for one that has ended.
uint64_t bench_process_time(int process);

/// Starts a program on a terminal of its own. `*terminal` is the other end: what the program shows is read from it.
/// Less than 0 with errno on failure; the process's number otherwise.
int bench_spawn_on_terminal(const char *const *arguments, uint16_t rows, uint16_t columns, int *terminal);

/// The calling thread's number, as in /proc/self/task.
int bench_thread_id(void);

/// Resident memory of this process, in bytes.
uint64_t bench_resident_size(void);

/// Lets this process have at least so many files open, within the hard limit. False with a sentence in `message` if
/// that is too low.
bool bench_raise_file_limit(size_t count, char *message, size_t message_size);

/// When each tick began: a file that the server writes and the clients read, mapped into all of them.
typedef struct bench_tick_clock bench_tick_clock;

/// Ticks of which the beginning is remembered.
enum { BENCH_TICK_CLOCK_SIZE = 4096 };

/// Opens the file, made if it is not there. NULL with errno on failure.
bench_tick_clock *bench_tick_clock_open(const char *path);
/// Notes that a tick begins now.
void bench_tick_clock_begin(bench_tick_clock *clock, uint64_t tick);
/// When a tick began, in nanoseconds of CLOCK_MONOTONIC; 0 for one that is not known.
uint64_t bench_tick_clock_start(const bench_tick_clock *clock, uint64_t tick);

/// The newest tick that began; 0 if none has.
uint64_t bench_tick_clock_newest(const bench_tick_clock *clock);

/// Times that were taken, to be asked for percentiles. Holds a bounded number; later ones are dropped and counted.
typedef struct {
    uint64_t *nanoseconds;
    size_t count;
    size_t capacity;
    size_t dropped;
} bench_samples;

/// Less than 0 if there is no memory.
int bench_samples_create(bench_samples *samples, size_t capacity);
void bench_samples_add(bench_samples *samples, uint64_t nanoseconds);
/// The sample at a fraction from 0 to 1 of the sorted ones, in milliseconds; 0 if there are none. Sorts in place.
double bench_samples_percentile(bench_samples *samples, double fraction);

#endif
