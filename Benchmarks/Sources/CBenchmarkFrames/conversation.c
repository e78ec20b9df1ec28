#define _GNU_SOURCE
#include "CBenchmarkConversation.h"

#include "CBenchmarkFrames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool bench_send(int socket, const void *bytes, size_t count) {
    return send(socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)count;
}

bool bench_send_message(int socket, int opcode, const uint8_t *payload, size_t count) {
    uint8_t frame[BENCH_FRAME_HEAD_MAX + BENCH_SENT_SIZE_MAX];
    if (count > BENCH_SENT_SIZE_MAX) return false;
    size_t head = bench_frame_head(frame, opcode, count, true);
    memcpy(frame + head, payload, count);
    return bench_send(socket, frame, head + count);
}

bool bench_say_hello(int socket, const char *name) {
    size_t length = strlen(name);
    uint8_t message[64] = {BENCH_HELLO, 1, 1, (uint8_t)length};
    if (length > sizeof message - 16) return false;
    memcpy(message + 4, name, length);
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, 4 + length);
}

bool bench_subscribe(int socket) {
    static const uint8_t message[] = {BENCH_SUBSCRIBE, 1, 0, 1, 1, 0};
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, sizeof message);
}

bool bench_acknowledge(int socket, uint64_t tick, uint64_t received) {
    uint8_t message[32] = {BENCH_ACKNOWLEDGE};
    size_t count = 1;
    count += bench_varint_write(message + count, tick);
    count += bench_varint_write(message + count, received);
    return bench_send_message(socket, BENCH_OPCODE_BINARY, message, count);
}

bool bench_read_batch_head(const uint8_t *message, size_t count, bench_batch_head *head) {
    size_t offset = 1;
    uint64_t distance, part;
    if (!bench_varint_read(message, count, &offset, &head->tick) || !bench_varint_read(message, count, &offset, &distance)
        || offset == count) {
        return false;
    }
    head->base = head->tick - distance;
    head->is_whole = message[offset++] == 1;
    return bench_varint_read(message, count, &offset, &part);
}

/// Reads the answer to the handshake, byte by byte, so that nothing of what follows is taken.
static const char *shake_hands(int descriptor, uint16_t port) {
    char request[512];
    int length = snprintf(
        request, sizeof request,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: " BENCH_HANDSHAKE_KEY "\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: orrery.v1\r\n\r\n",
        port);
    if (!bench_send(descriptor, request, (size_t)length)) return strerror(errno);
    char answer[2048] = "";
    for (size_t count = 0; !strstr(answer, "\r\n\r\n"); count++) {
        if (count + 1 == sizeof answer || recv(descriptor, answer + count, 1, 0) != 1) {
            return "the server's answer to the handshake ends early";
        }
    }
    bool is_accepted = strncmp(answer, "HTTP/1.1 101", 12) == 0 && strstr(answer, BENCH_HANDSHAKE_ACCEPT);
    return is_accepted ? NULL : "the server refuses WebSockets";
}

int bench_connect(uint16_t port, const char **reason) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        *reason = strerror(errno);
    } else {
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *reason = shake_hands(descriptor, port);
        if (!*reason) return descriptor;
    }
    if (descriptor >= 0) close(descriptor);
    return -1;
}
