#define _GNU_SOURCE
#include "CBenchmarkSupport.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t bench_now(void) { return read_clock(CLOCK_MONOTONIC); }

// Source: Linux, include/linux/posix-timers_types.h: the number's complement, CPUCLOCK_PERTHREAD_MASK (4),
// CPUCLOCK_SCHED (2).
// Nanoseconds, where /proc/self/task/*/stat counts hundredths of a second.
uint64_t bench_thread_time(int thread) { return read_clock((clockid_t)((~(unsigned)thread << 3) | 4 | 2)); }

uint64_t bench_process_time(int process) {
    clockid_t clock;
    return clock_getcpuclockid(process, &clock) == 0 ? read_clock(clock) : 0;
}

int bench_spawn_on_terminal(const char *const *arguments, uint16_t rows, uint16_t columns, int *terminal) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    int process = forkpty(terminal, NULL, NULL, &size);
    if (process != 0) {
        if (process > 0) fcntl(*terminal, F_SETFD, FD_CLOEXEC);
        return process;
    }
    execv(arguments[0], (char *const *)arguments);
    _exit(127);
}

int bench_thread_id(void) { return (int)syscall(SYS_gettid); }

uint64_t bench_resident_size(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    unsigned long long total = 0, resident = 0;
    int fields = fscanf(file, "%llu %llu", &total, &resident);
    fclose(file);
    return fields == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

bool bench_raise_file_limit(size_t count, char *message, size_t message_size) {
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count) return true;
    if (limit.rlim_max >= count) {
        limit.rlim_cur = count;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return true;
    }
    snprintf(
        message, message_size, "%zu open files are needed, but the hard limit is %llu: raise it (ulimit -Hn, "
        "LimitNOFILE)", count,
        (unsigned long long)limit.rlim_max);
    return false;
}
