#define _GNU_SOURCE
#include "CLibWebSocketsShim.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

int clws_stream_type(void) { return SOCK_STREAM; }

int clws_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int clws_accept(int descriptor) { return accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

ssize_t clws_receive(int descriptor, void *buffer, size_t size, bool only_looks) {
    return recv(descriptor, buffer, size, MSG_DONTWAIT | (only_looks ? MSG_PEEK : 0));
}

ssize_t clws_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void clws_finish(int descriptor) { shutdown(descriptor, SHUT_WR); }

void clws_set_input_min(int descriptor, int byte_count) {
    setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &byte_count, sizeof byte_count);
}

static bool wait_for(int descriptor, short events, int milliseconds) {
    struct pollfd entry = {.fd = descriptor, .events = events};
    return poll(&entry, 1, milliseconds) == 1 && (entry.revents & events);
}

ssize_t clws_ask(
    int descriptor, const void *question, size_t question_size, void *answer, size_t answer_size, int milliseconds) {
    bool is_asked = wait_for(descriptor, POLLOUT, milliseconds)
        && clws_send(descriptor, question, question_size) == (ssize_t)question_size;
    if (!is_asked || !wait_for(descriptor, POLLIN, milliseconds)) return -1;
    return clws_receive(descriptor, answer, answer_size, false);
}

bool clws_has_input(int descriptor) {
    char byte;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

void clws_find_broken(int *descriptors, size_t count) {
    struct pollfd entries[64];
    for (size_t start = 0; start < count; start += 64) {
        size_t size = count - start < 64 ? count - start : 64;
        for (size_t at = 0; at < size; at++) entries[at] = (struct pollfd){.fd = descriptors[start + at]};
        if (poll(entries, size, 0) <= 0) continue;
        for (size_t at = 0; at < size; at++) {
            if (entries[at].revents & (POLLERR | POLLHUP | POLLNVAL)) descriptors[start + at] = -1;
        }
    }
}

// False if the system does not report that many fields.
static bool get_info(int descriptor, struct tcp_info *info) {
    socklen_t size = sizeof *info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info, &size) != 0) return false;
    return size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info->tcpi_bytes_received;
}

bool clws_is_talking(int descriptor) {
    char byte;
    ssize_t count = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    struct tcp_info info;
    return (count > 0 || (count < 0 && errno == EAGAIN)) && get_info(descriptor, &info)
        && info.tcpi_last_data_recv < 1000;
}

bool clws_progress(int descriptor, uint64_t *taken, uint64_t *arrived) {
    struct tcp_info info;
    if (!get_info(descriptor, &info)) return false;
    *taken = info.tcpi_bytes_acked;
    *arrived = info.tcpi_bytes_received;
    return true;
}

bool clws_read_count(int descriptor, uint64_t *count) {
    struct tcp_info info;
    int unread = 0;
    if (!get_info(descriptor, &info) || ioctl(descriptor, FIONREAD, &unread) != 0) return false;
    // More may have arrived between the two system calls.
    *count = info.tcpi_bytes_received > (uint64_t)unread ? info.tcpi_bytes_received - (uint64_t)unread : 0;
    return true;
}

void clws_break(int descriptor) { shutdown(descriptor, SHUT_RDWR); }

uint64_t clws_descriptor_limit(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT64_MAX;
    rlim_t before = limit.rlim_cur;
    if (before >= wanted) return before;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

bool clws_block_pipe_signal(void) {
    sigset_t set, previous;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return pthread_sigmask(SIG_BLOCK, &set, &previous) == 0 && !sigismember(&previous, SIGPIPE);
}

void clws_unblock_pipe_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    // Signals that arrived meanwhile were caused by writes on this thread.
    struct timespec now = {0};
    while (sigtimedwait(&set, NULL, &now) == SIGPIPE) {}
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
