"""A WebSocket client on the standard library. Source of the rules: RFC 6455."""

from __future__ import annotations

import os
import socket
import ssl
import time
from urllib.parse import urlsplit

from wire.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, Upgrade, close_payload, frame, read_close, read_frame
from wire.primitives import Breach

HEAD_SIZE_MAX = 16384


class CannotConnect(Exception):
    """There is no connection: no server, no TLS, no answer."""


class Closed(Exception):
    """The connection has ended. `code` is None where it ended without a close frame."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class WebSocket:
    """One connection. Every method may raise `Closed`; `receive` also `Breach`."""

    def __init__(self, url: str, protocol: str, token: str | None, ca: str | None, size_max: int, timeout: float):
        self._size_max = size_max
        self._buffer = bytearray()
        self._message = bytearray()
        self._in_message = False
        parts = urlsplit(url)
        host, is_tls = parts.hostname or "", parts.scheme == "wss"
        port = parts.port or (443 if is_tls else 80)
        try:
            self._socket = socket.create_connection((host, port), timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if is_tls:
                context = ssl.create_default_context(cafile=ca)
                self._socket = context.wrap_socket(self._socket, server_hostname=host)
            self._upgrade(parts.netloc, parts.path or "/", protocol, token, time.monotonic() + timeout)
        except OSError as error:
            raise CannotConnect(f"cannot connect to {url}: {error.strerror or error}") from error

    def _upgrade(self, host: str, path: str, protocol: str, token: str | None, deadline: float) -> None:
        upgrade = Upgrade(host, path, protocol, token)
        self._socket.sendall(upgrade.request)
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > HEAD_SIZE_MAX or not self._fill(deadline):
                raise CannotConnect("no answer to the request for an upgrade")
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        upgrade.check(head, rest)

    def _fill(self, deadline: float) -> bool:
        """Reads what comes until the deadline; False if nothing came."""
        try:
            # A timeout of 0 would mean another kind of socket.
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self._socket.recv(65536)
        except TimeoutError:
            return False
        except OSError as error:
            raise Closed(None, f"the connection was lost: {error.strerror or error}") from error
        if not data:
            raise Closed(None, "the connection was lost")
        self._buffer += data
        return True

    def send(self, message: bytes, opcode: int = BINARY) -> None:
        """One unfragmented, masked frame."""
        try:
            self._socket.settimeout(10)
            self._socket.sendall(frame(message, opcode, os.urandom(4)))
        except OSError as error:
            raise Closed(None, f"the connection was lost: {error.strerror or error}") from error

    def receive(self, deadline: float) -> bytes | None:
        """The next binary message, or None if none is complete at the deadline. Answers pings and closes."""
        while True:
            taken = read_frame(self._buffer, 0, self._size_max - len(self._message))
            if taken is None:
                if time.monotonic() >= deadline or not self._fill(deadline):
                    return None
                continue
            is_final, opcode, payload, end = taken
            del self._buffer[:end]
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == CLOSE:
                self._closed(payload)
            elif opcode != PONG:
                if (opcode == CONTINUATION) != self._in_message:
                    raise Breach(1002, "a fragment out of place")
                self._message += payload
                self._in_message = not is_final
                if is_final:
                    message, self._message = bytes(self._message), bytearray()
                    return message

    def _closed(self, payload: bytes) -> None:
        code, reason = read_close(payload)
        try:
            self.send(payload[:2], CLOSE)
        finally:
            self._socket.close()
            raise Closed(code, reason)

    def close(self, code: int, reason: str) -> None:
        """Says why, waits a moment for the answer, and leaves."""
        try:
            self.send(close_payload(code, reason), CLOSE)
            deadline = time.monotonic() + 1
            while self.receive(deadline) is not None:
                pass
        except (Closed, Breach):
            pass
        self._socket.close()
