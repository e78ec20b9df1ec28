"""The request for an upgrade, its answer, and frames, as bytes. Source of the rules: RFC 6455."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import NamedTuple

from .primitives import Breach

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NO_MASK = bytes(4)


class NoUpgrade(Exception):
    """Something else than such a server answers."""


class Unauthorized(Exception):
    """The server answered 401 or 403."""


class Upgrade:
    """One request for a WebSocket of a subprotocol, and the check of its answer."""

    def __init__(self, host: str, path: str, protocol: str, token: str | None = None) -> None:
        self._key, self._protocol = base64.b64encode(os.urandom(16)).decode(), protocol
        lines = [
            f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {self._key}", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {protocol}",
        ]  # fmt: skip
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self.request = "\r\n".join([*lines, "", ""]).encode()

    def check(self, head: bytes, rest: bytes) -> None:
        """Takes the head of the answer, without the empty line that ends it, and what came after it."""
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        code = (status.split(" ", 2) + ["", ""])[1]
        if code in ("401", "403"):
            raise Unauthorized(f"the server refuses: HTTP {code}{_line_of_text(rest)}")
        if code != "101":
            raise NoUpgrade(f"the server does not upgrade: HTTP {code}{_line_of_text(rest)}")
        # Section 4.1: what the answer must hold, and must not.
        digest = hashlib.sha1((self._key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise NoUpgrade("the answer does not fit the request: wrong Sec-WebSocket-Accept")
        upgrades = [part.strip() for part in headers.get("connection", "").lower().split(",")]
        if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in upgrades:
            raise NoUpgrade("the answer is no upgrade to a WebSocket")
        if headers.get("sec-websocket-protocol") != self._protocol or "sec-websocket-extensions" in headers:
            raise NoUpgrade(f"the server does not speak {self._protocol}")


def _line_of_text(page: bytes) -> str:
    """The beginning of a page that refuses, as far as it has come."""
    text = page.decode("utf-8", "replace").strip().split("\n")[0][:200]
    return f": {text}" if text.isprintable() and text else ""


def frame(payload: bytes, opcode: int = BINARY, mask: bytes = NO_MASK) -> bytes:
    """One unfragmented, masked frame. The mask 0 leaves the payload as it is."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    if mask != NO_MASK:
        key = (mask * (size // 4 + 1))[:size]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return head + mask + payload


class Frame(NamedTuple):
    """One frame of a server; `end` is the offset behind it."""

    is_final: bool
    opcode: int
    payload: bytes
    end: int


def read_frame(buffer: bytearray, at: int, size_max: int) -> Frame | None:
    """The frame of a server at an offset; None while it is not whole. `size_max`: of its payload. Raises `Breach`."""
    if len(buffer) < at + 2:
        return None
    is_final, opcode, size, start = bool(buffer[at] & 0x80), buffer[at] & 0x0F, buffer[at + 1] & 0x7F, at + 2
    if buffer[at] & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise Breach(1002, "reserved bits or a reserved opcode")
    if buffer[at + 1] & 0x80:
        raise Breach(1002, "a masked frame from a server")
    if opcode >= CLOSE and (not is_final or size > 125):
        raise Breach(1002, "a long or fragmented control frame")
    if opcode == TEXT:
        raise Breach(1003, "a text message")
    if size > 125:
        size_min, start = (126, at + 4) if size == 126 else (65536, at + 10)
        if len(buffer) < start:
            return None
        size = int.from_bytes(buffer[at + 2 : start], "big")
        if size < size_min:
            raise Breach(1002, "a length that is not written in its shortest form")
    if opcode < CLOSE and size > size_max:
        raise Breach(1009, "a message that is too long")
    if len(buffer) < start + size:
        return None
    return Frame(is_final, opcode, bytes(buffer[start : start + size]), start + size)


def close_payload(code: int, reason: str) -> bytes:
    return code.to_bytes(2, "big") + reason.encode()[:123]


def read_close(payload: bytes) -> tuple[int | None, str]:
    """Code and reason of a close frame. Raises `Breach`."""
    if not payload:
        return None, ""
    try:
        if len(payload) != 1:
            return int.from_bytes(payload[:2], "big"), payload[2:].decode()
    except UnicodeDecodeError:
        pass
    raise Breach(1002, "a close frame that is none")
