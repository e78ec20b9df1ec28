"""A WebSocket client on the standard library. Source of the rules: RFC 6455."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import time
from urllib.parse import urlsplit

HEAD_SIZE_MAX = 16384
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class CannotConnect(Exception):
    """There is no connection: no server, no TLS, no answer."""


class NoUpgrade(Exception):
    """Something else than such a server answers."""


class Unauthorized(Exception):
    """The server answered 401 or 403."""


class Closed(Exception):
    """The connection has ended. `code` is None where it ended without a close frame."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Breach(Exception):
    """The other side breaks the rules, of this layer or of the one above: close with this code."""

    def __init__(self, code: int, reason: str) -> None:
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
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {protocol}",
        ]  # fmt: skip
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > HEAD_SIZE_MAX or not self._fill(deadline):
                raise CannotConnect("no answer to the request for an upgrade")
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        code = (status.split(" ", 2) + ["", ""])[1]
        if code in ("401", "403"):
            raise Unauthorized(f"the server refuses: HTTP {code}{self._line_of_text()}")
        if code != "101":
            raise NoUpgrade(f"the server does not upgrade: HTTP {code}{self._line_of_text()}")
        # Section 4.1: what the answer must hold, and must not.
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise NoUpgrade("the answer does not fit the request: wrong Sec-WebSocket-Accept")
        upgrades = [part.strip() for part in headers.get("connection", "").lower().split(",")]
        if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in upgrades:
            raise NoUpgrade("the answer is no upgrade to a WebSocket")
        if headers.get("sec-websocket-protocol") != protocol or "sec-websocket-extensions" in headers:
            raise NoUpgrade(f"the server does not speak {protocol}")

    def _line_of_text(self) -> str:
        """The beginning of a page that refuses, as far as it has come."""
        text = self._buffer.decode("utf-8", "replace").strip().split("\n")[0][:200]
        return f": {text}" if text.isprintable() and text else ""

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
        size = len(message)
        head = bytearray([0x80 | opcode])
        if size < 126:
            head.append(0x80 | size)
        elif size < 65536:
            head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
        else:
            head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
        mask = os.urandom(4)
        key = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(message, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
        try:
            self._socket.settimeout(10)
            self._socket.sendall(bytes(head) + mask + masked)
        except OSError as error:
            raise Closed(None, f"the connection was lost: {error.strerror or error}") from error

    def receive(self, deadline: float) -> bytes | None:
        """The next binary message, or None if none is complete at the deadline. Answers pings and closes."""
        while True:
            frame = self._take_frame()
            if frame is None:
                if time.monotonic() >= deadline or not self._fill(deadline):
                    return None
                continue
            is_final, opcode, payload = frame
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

    def _take_frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        is_final, opcode, size, start = bool(buffer[0] & 0x80), buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if buffer[0] & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Breach(1002, "reserved bits or a reserved opcode")
        if buffer[1] & 0x80:
            raise Breach(1002, "a masked frame from a server")
        if opcode >= CLOSE and (not is_final or size > 125):
            raise Breach(1002, "a long or fragmented control frame")
        if opcode == TEXT:
            raise Breach(1003, "a text message")
        if size > 125:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            length, size = size, int.from_bytes(buffer[2:start], "big")
            if size < (126 if length == 126 else 65536):
                raise Breach(1002, "a length that is not written in its shortest form")
        if opcode < CLOSE and len(self._message) + size > self._size_max:
            raise Breach(1009, f"a message of more than {self._size_max} bytes")
        if len(buffer) < start + size:
            return None
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        return is_final, opcode, payload

    def _closed(self, payload: bytes) -> None:
        code, reason = None, ""
        try:
            if payload:
                code, reason = int.from_bytes(payload[:2], "big"), payload[2:].decode()
            is_good = len(payload) != 1
        except UnicodeDecodeError:
            is_good = False
        if not is_good:
            raise Breach(1002, "a close frame that is none")
        try:
            self.send(payload[:2], CLOSE)
        finally:
            self._socket.close()
            raise Closed(code, reason)

    def close(self, code: int, reason: str) -> None:
        """Says why, waits a moment for the answer, and leaves."""
        try:
            self.send(code.to_bytes(2, "big") + reason.encode()[:123], CLOSE)
            deadline = time.monotonic() + 1
            while self.receive(deadline) is not None:
                pass
        except (Closed, Breach):
            pass
        self._socket.close()
