#define _GNU_SOURCE
#include "CLibWebSocketsShim.h"

#include <signal.h>
#include <sys/socket.h>
#include <time.h>

int clws_stream_type(void) { return SOCK_STREAM; }

int clws_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int clws_accept(int descriptor) { return accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

bool clws_has_input(int descriptor) {
    char byte;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

void clws_break(int descriptor) { shutdown(descriptor, SHUT_RDWR); }

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
    // What came meanwhile was ours.
    struct timespec now = {0};
    while (sigtimedwait(&set, NULL, &now) == SIGPIPE) {}
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
