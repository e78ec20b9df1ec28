"""Clients for the load scripts: many in one process, which read, count and acknowledge, and know no state.

They speak through the codec of Examples/python-watch."""

from __future__ import annotations

import pathlib
import select
import socket
import sys
import time
from collections.abc import Callable, Iterable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Examples" / "python-watch"))

from wire.frames import BINARY, CLOSE, PING, PONG, NoUpgrade, Unauthorized, Upgrade, frame, read_close, read_frame
from wire.messages import (
    MESSAGE_SIZE_MAX, SUBPROTOCOL, Batch, Entity, Heartbeat, Query, Response, Resume, Welcome, acknowledge, hello,
    mutate_despawn, read, subscribe, unsubscribe,
)  # fmt: skip
from wire.primitives import Breach

__all__ = [
    "Resume", "Session", "ask", "connect", "drain", "entity", "frame", "hello", "mutate_despawn", "settle", "subscribe",
    "unsubscribe",
]  # fmt: skip

CLIENT_NAME = "load"


def entity(index: int) -> Entity:
    """The first entity at an index: nothing despawns in the worlds of these scripts."""
    return Entity(index, 1)


def ask(text: str, index: int = 0) -> Query:
    """A query of docs/QUERIES.md; each '#' stands for the index."""
    return Query(text.replace("#", str(index)))


class Session:
    """One connection, welcomed unless it does not greet. `pump` reads what is there, and acknowledges when it is that
    many ticks further.

    `closed`: None, the code of the server's close frame, or how the connection ended. `refusal`: why the server refused
    something last; None if it refused nothing."""

    def __init__(
        self, address: tuple[str, int], acknowledge_every: int = 1, log: bool = False, greets: bool = True
    ) -> None:
        self.acknowledge_every = acknowledge_every
        self.log: list[tuple[float, int]] | None = [] if log else None  # (time, tick) of each whole batch
        self.tick = self.received = self.batches = self.answers = self.refused = self.acknowledged = 0
        self.closed: int | str | None = None
        self.refusal: str | None = None
        self.welcome: Welcome | None = None
        self._owes_acknowledgement = False  # for a Heartbeat or a part, at once
        self._buffer = bytearray()
        self.socket = socket.create_connection(address, 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upgrade(address)
        if greets:
            self.say(hello(CLIENT_NAME))
            while self.welcome is None:
                if not self.pump():
                    raise ConnectionError(f"closed {self.closed} before Welcome")

    def _upgrade(self, address: tuple[str, int]) -> None:
        upgrade = Upgrade(f"{address[0]}:{address[1]}", "/", SUBPROTOCOL)
        self.socket.sendall(upgrade.request)
        while b"\r\n\r\n" not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("no answer to the upgrade")
            self._buffer += data
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        try:
            upgrade.check(head, rest)
        except (NoUpgrade, Unauthorized) as error:
            raise ConnectionError(str(error)) from error

    def fileno(self) -> int:
        return self.socket.fileno()

    def say(self, *messages: bytes) -> None:
        self._send(b"".join(map(frame, messages)))

    def _send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            self.closed = self.closed or f"send: {error}"

    def pump(self) -> bool:
        """Takes what is there; False when the connection has ended."""
        try:
            data = self.socket.recv(1 << 18)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as error:
            self.closed = self.closed or f"recv: {error}"
            return False
        if not data:
            self.closed = self.closed or "end"
            return False
        self._buffer += data
        try:
            self._take_frames()
        except Breach as error:
            self.closed = f"breach: {error.reason}"
        if self.closed is not None:
            return False
        if self._owes_acknowledgement or self.tick - self.acknowledged >= self.acknowledge_every:
            self._owes_acknowledgement, self.acknowledged = False, self.tick
            self.say(acknowledge(self.tick, self.received))
        return True

    def _take_frames(self) -> None:
        at = 0
        while self.closed is None and (taken := read_frame(self._buffer, at, MESSAGE_SIZE_MAX)):
            _, opcode, payload, at = taken
            if opcode == BINARY:
                self._take(payload)
            elif opcode == PING:
                self._send(frame(payload, PONG))
            elif opcode == CLOSE:
                self.closed = read_close(payload)[0] or 1005
                self._send(frame(payload[:2], CLOSE))
        del self._buffer[:at]

    def _take(self, data: bytes) -> None:
        message = read(data)
        if isinstance(message, Batch):
            self.received += len(data)
            if message.is_whole:
                self.tick = message.tick
                self.batches += 1
                if self.log is not None:
                    self.log.append((time.monotonic(), message.tick))
            else:
                self._owes_acknowledgement = True
        elif isinstance(message, Heartbeat):
            self._owes_acknowledgement = True
            if message.is_current:
                self.tick = max(self.tick, message.tick)
        elif isinstance(message, Response):
            self.answers += 1
            if message.code != 0:
                self.refused += 1
                self.refusal = message.reason
        elif isinstance(message, Welcome):
            self.welcome = message


def drain(sessions: Iterable[Session], until: float, ended: Callable[[], bool] | None = None) -> None:
    """Reads all sessions until that time (or until `ended` says True), and leaves closed ones out."""
    poller = select.epoll()
    live = {}
    for one in sessions:
        if one.closed is None:
            poller.register(one.fileno(), select.EPOLLIN)
            live[one.fileno()] = one
    try:
        while live and (left := until - time.monotonic()) > 0 and not (ended and ended()):
            for number, _ in poller.poll(min(left, 0.05)):
                if not live[number].pump():
                    poller.unregister(number)
                    del live[number]
    finally:
        poller.close()


def connect(address: tuple[str, int], count: int, acknowledge_every: int = 16) -> list[Session]:
    sessions: list[Session] = []
    while len(sessions) < count:
        sessions.append(Session(address, acknowledge_every))
        if len(sessions) % 16 == 0:
            drain(sessions, time.monotonic() + 0.001)
    return sessions


def settle(sessions: list[Session], requests: int, seconds: float) -> None:
    """Reads until each session has its answers, or for so long."""
    drain(sessions, time.monotonic() + seconds, lambda: all(one.answers >= requests or one.closed for one in sessions))
