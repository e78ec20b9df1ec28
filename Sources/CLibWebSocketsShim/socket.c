#define _GNU_SOURCE
#include "CLibWebSocketsShim.h"

#include <sys/socket.h>

int clws_stream_type(void) { return SOCK_STREAM; }

int clws_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int clws_accept(int descriptor) { return accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }
