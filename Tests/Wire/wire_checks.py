#!/usr/bin/env python3
"""What a server of Orrery owes any peer by RFC 6455, 9110 and 9112: `wire_checks.py HOST PORT [NAME...]`.

The server must tick and show something that moves (`solar-system serve --asteroids 50`), without TLS and token.
Prints PASS or FAIL and what was seen, one line a check; the exit status is 1 if one failed. Standard library only.
"""

from __future__ import annotations

import os
import pathlib
import re
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Examples" / "python-watch"))

from wire import messages

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {0: "continuation", 1: "text", 2: "data", 8: "close", 9: "ping", 10: "pong"}
HELLO = messages.hello("wire_checks 1234")
SUBSCRIBE_ALL = messages.subscribe(1, messages.Query())
HOST, PORT = "127.0.0.1", 7600


class Failed(Exception):
    pass


def expect(condition, seen):
    if not condition:
        raise Failed(seen)


# MARK: HTTP


class Answer:
    def __init__(self, data, ended):
        """`ended`: "end" (FIN), "reset", or "open" (the time was over)."""
        self.data, self.ended = data, ended
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        match = re.match(r"HTTP/(\d\.\d) (\d{3})", lines[0])
        self.version, self.status = (match[1], int(match[2])) if match else (None, None)
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields.setdefault(name.strip().lower(), []).append(value.strip())

    def field(self, name):
        values = self.fields.get(name)
        return ", ".join(values) if values else None

    def __str__(self):
        if self.status is None:
            return f"no answer, {self.ended}" if not self.data else f"no HTTP: {self.data[:40]!r}, {self.ended}"
        return f"{self.status}, {self.ended}"


def connect(timeout=5.0):
    peer = socket.create_connection((HOST, PORT), timeout)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def read_all(peer, seconds=3.0):
    data, deadline = b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        peer.settimeout(left)
        try:
            piece = peer.recv(65536)
        except TimeoutError:
            break
        except OSError:
            return data, "reset"
        if not piece:
            return data, "end"
        data += piece
    return data, "open"


def exchange(request, seconds=3.0, pieces=1, pause=0.0):
    """Sends these bytes and reads until the server ends."""
    if isinstance(request, str):
        request = request.encode("latin-1")
    with connect() as peer:
        size = max(1, -(-len(request) // pieces))
        try:
            for at in range(0, len(request), size):
                peer.sendall(request[at : at + size])
                if pause:
                    time.sleep(pause)
        except OSError:
            pass  # It answers early, and cuts: what it said is read below.
        return Answer(*read_all(peer, seconds))


def host_field():
    return f"[{HOST}]:{PORT}" if ":" in HOST else f"{HOST}:{PORT}"


def request(method="GET", path="/healthz", fields=(), host=None, version="1.1", body=""):
    lines = [f"{method} {path} HTTP/{version}"]
    lines += [f"Host: {host_field()}"] if host is None else [f"Host: {host}"] if host else []
    return "\r\n".join([*lines, *fields, "", ""]) + body


def ask(*arguments, seconds=3.0, **settings):
    return exchange(request(*arguments, **settings), seconds)


def is_own(answer):
    """Whether the server itself said it, not the library below it with a page of its own."""
    return answer.field("content-type") == "text/plain; charset=utf-8" and b"<html" not in answer.body.lower()


# MARK: WebSocket


class Peer:
    """One WebSocket of the most obedient kind, which can be told to be less so."""

    def __init__(self, fields=(), hello=True, subscribe=False, path="/"):
        self.socket = connect()
        self.buffer = b""
        self.ended = None
        self.batch_size = 0  # bytes of batches so far
        self.tick = 0  # that of the last batch that came whole
        self.acknowledges = True
        upgrade = [
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: orrery.v1", *fields,
        ]
        self.socket.sendall(request(path=path, fields=upgrade).encode())
        while b"\r\n\r\n" not in self.buffer:
            piece = self.socket.recv(65536)
            expect(piece, "the upgrade was not answered")
            self.buffer += piece
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        expect(head.startswith(b"HTTP/1.1 101 "), f"the upgrade was answered {head[:40]!r}")
        if hello:
            self.send(BINARY, HELLO)
            self.wait(lambda frame: frame[0] == BINARY, "Welcome")
        if subscribe:
            self.send(BINARY, SUBSCRIBE_ALL)
            for _ in range(3):
                self.wait(lambda frame: frame[0] == BINARY and frame[1][0] == 0x84, "batch")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    @staticmethod
    def frame(opcode, payload=b"", final=True, reserved=0, masked=True, length=None):
        """`length`: 126 or 127 for a longer form of the length than is needed."""
        size = len(payload)
        mask = 0x80 if masked else 0
        head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        if length is None:
            length = size if size < 126 else 126 if size < 65536 else 127
        head += bytes([mask | length])
        head += struct.pack(">H", size) if length == 126 else struct.pack(">Q", size) if length == 127 else b""
        if not masked:
            return head + payload
        key = os.urandom(4)
        return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = "reset"

    def send(self, *arguments, **settings):
        self.send_bytes(self.frame(*arguments, **settings))

    def take(self):
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + length:
            return None
        self.buffer = buffer[start + length :]
        return buffer[0] & 0x0F, buffer[start : start + length]

    def acknowledge(self, message):
        """Without it the server stops after the first part of a batch."""
        self.batch_size += len(message)
        batch = messages.read(message)
        if batch.is_whole:
            self.tick = batch.tick
        if self.acknowledges and batch.asks_to_acknowledge:
            self.send(BINARY, messages.acknowledge(self.tick, self.batch_size))

    def next(self, deadline):
        """The next frame, as opcode and payload; None at the deadline or the end."""
        while True:
            if frame := self.take():
                if frame[0] == BINARY and frame[1][:1] == b"\x84":
                    self.acknowledge(frame[1])
                return frame
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                self.ended = "reset"
                return None
            if not piece:
                self.ended = "end"
                return None
            self.buffer += piece

    def wait(self, condition, what, seconds=3.0):
        deadline = time.monotonic() + seconds
        while frame := self.next(deadline):
            if condition(frame):
                return frame
        raise Failed(f"no {what} within {seconds:g} s ({self.ended or 'open'})")

    def frames(self, seconds):
        deadline, found = time.monotonic() + seconds, []
        while frame := self.next(deadline):
            found.append(frame)
        return found


def close_code(frame):
    payload = frame[1]
    return int.from_bytes(payload[:2], "big") if len(payload) >= 2 else f"{len(payload)} bytes" if payload else "none"


def told(frames):
    """Runs of frames in words."""
    words = []
    for opcode, payload in frames:
        word = f"close {close_code((opcode, payload))}" if opcode == CLOSE else NAMES.get(opcode, str(opcode))
        if words and words[-1][0] == word:
            words[-1][1] += 1
        else:
            words.append([word, 1])
    return ", ".join(word if count == 1 else f"{count} x {word}" for word, count in words) or "nothing"


def breach(frame, codes=(1002,), subscribe=True, hello=True, answers=True, seconds=3.0):
    """After these bytes the server closes with one of the codes, says nothing more, and ends."""
    with Peer(subscribe=subscribe, hello=hello) as peer:
        began = time.monotonic()
        peer.acknowledges = False  # What goes on by then fits into the window, for about a second.
        peer.send_bytes(frame)
        deadline, found = began + seconds, []
        while next_frame := peer.next(deadline):
            found.append(next_frame)
            if next_frame[0] == CLOSE and answers:
                peer.send(CLOSE, next_frame[1][:2])
        closes = [at for at, each in enumerate(found) if each[0] == CLOSE]
        expect(closes, f"no Close within {seconds:g} s ({peer.ended or 'open'}); seen: {told(found[-3:])}")
        code = close_code(found[closes[0]])
        after = found[closes[0] + 1 :]
        expect(not after, f"after Close {code}: {told(after)}")
        expect(code in codes, f"closed with {code}, not {' or '.join(map(str, codes))}")
        if answers:
            expect(peer.ended, f"Close {code} was answered, and the connection is open after {seconds:g} s")
        return f"Close {code}, {peer.ended or 'open'}"


def refused_counts():
    text = ask(path="/metrics").body.decode()
    return {kind: int(float(n)) for kind, n in re.findall(r'orrery_refused_input_total\{kind="(\w+)"\} (\S+)', text)}


def counted(action, seconds=2.0):
    """By how much each count of refused input has grown by what is done here."""
    before = refused_counts()
    action()
    deadline = time.monotonic() + seconds
    while True:
        now = refused_counts()
        grown = {kind: now[kind] - before.get(kind, 0) for kind in now if now[kind] != before.get(kind, 0)}
        if grown or time.monotonic() > deadline:
            time.sleep(0.3)
            now = refused_counts()
            return {kind: now[kind] - before.get(kind, 0) for kind in now if now[kind] != before.get(kind, 0)}
        time.sleep(0.1)


# MARK: Checks: pings, pongs, closes


def ten_pings_at_once():
    """ten pings in one write get ten pongs in their order"""
    with Peer() as peer:
        wanted = [b"ping %d" % number for number in range(10)]
        peer.send_bytes(b"".join(Peer.frame(PING, payload) for payload in wanted))
        pongs = [payload for opcode, payload in peer.frames(1.5) if opcode == PONG]
        expect(pongs == wanted, f"{len(pongs)} pongs: {b', '.join(pongs[:4]).decode()}")


def ten_pings_while_watching():
    """ten pings in one write get ten pongs while batches flow"""
    with Peer(subscribe=True) as peer:
        wanted = [b"ping %d" % number for number in range(10)]
        peer.send_bytes(b"".join(Peer.frame(PING, payload) for payload in wanted))
        pongs = [payload for opcode, payload in peer.frames(1.5) if opcode == PONG]
        expect(pongs == wanted, f"{len(pongs)} pongs: {b', '.join(pongs[:4]).decode()}")


def ping_in_a_message():
    """a ping between two fragments is answered before the message (Autobahn 5.6)"""
    with Peer(hello=False) as peer:
        first, second = Peer.frame(BINARY, HELLO[:9], final=False), Peer.frame(CONTINUATION, HELLO[9:])
        peer.send_bytes(first + Peer.frame(PING, b"between") + second)
        found = peer.frames(1.5)
        order = [each for each in found if each[0] in (PONG, BINARY)][:2]
        expect(
            len(order) == 2 and order[0] == (PONG, b"between") and order[1][0] == BINARY and order[1][1][0] == 0x81,
            told(found))


def _pings_in_five_fragments(pause):
    with Peer(hello=False) as peer:
        pieces = [HELLO[at : at + 4] for at in range(0, len(HELLO), 4)]
        waiting = b""  # Without a pause all of it goes in one write: several may come apart on their way.
        for at, piece in enumerate(pieces):
            waiting += Peer.frame(BINARY if at == 0 else CONTINUATION, piece, final=at == len(pieces) - 1)
            if at in (1, 3):
                waiting += Peer.frame(PING, b"ping %d" % at)
            if at == 1 and pause:
                peer.send_bytes(waiting)
                waiting = b""
                time.sleep(pause)
        peer.send_bytes(waiting)
        found = peer.frames(1.5)
        order = [each for each in found if each[0] in (PONG, BINARY)][:3]
        expect([each[0] for each in order] == [PONG, PONG, BINARY], told(found))
        expect(order[0][1] == b"ping 1" and order[1][1] == b"ping 3", "pongs of other pings")


def two_pings_in_a_message_slowly():
    """five fragments with two pings and a pause: pong, pong, message (Autobahn 5.19)"""
    _pings_in_five_fragments(1.0)


def two_pings_in_a_message_at_once():
    """five fragments with two pings, no pause: pong, pong, message (Autobahn 5.20)"""
    _pings_in_five_fragments(0)


def unasked_pong():
    """a pong that nobody asked for is ignored, and the connection lives"""
    with Peer() as peer:
        peer.send(PONG, b"unasked")
        peer.send(PING, b"alive")
        peer.wait(lambda frame: frame == (PONG, b"alive"), "pong")


def close_of_one_byte():
    """a close of one byte is answered with 1002, not echoed (Autobahn 7.3.2)"""
    return breach(Peer.frame(CLOSE, b"\x03"))


def close_is_answered():
    """a close with 1000 is answered with 1000, and the server ends the connection"""
    return breach(Peer.frame(CLOSE, struct.pack(">H", 1000) + b"bye"), codes=(1000,), answers=False)


def close_without_code():
    """a close without a code is answered, and the server ends the connection"""
    return breach(Peer.frame(CLOSE), codes=("none", 1000), answers=False)


def closes_with_codes_that_are_none():
    """closes with codes that must not be on a wire get 1002"""
    wrong = {}
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535):
        try:
            breach(Peer.frame(CLOSE, struct.pack(">H", code)), subscribe=False, seconds=2)
        except Failed as failure:
            wrong[code] = failure
    expect(not wrong, "; ".join(f"{code}: {failure}" for code, failure in wrong.items()))


# MARK: Checks: breaches


def reserved_bit():
    """a reserved bit: Close 1002 and nothing after it, while batches flow"""
    return breach(Peer.frame(BINARY, SUBSCRIBE_ALL, reserved=4))


def reserved_bit_of_who_waits():
    """a reserved bit, and the peer does not answer the Close: nothing after it either"""
    return breach(Peer.frame(BINARY, SUBSCRIBE_ALL, reserved=4), answers=False)


def answered_breach_ends():
    """a reserved bit before Hello, and the peer answers the Close: the server ends the connection within 2 s"""
    return breach(Peer.frame(BINARY, HELLO, reserved=4), hello=False, subscribe=False, seconds=2)


def reserved_opcode():
    """an opcode that is none (3): Close 1002 and nothing after it"""
    return breach(Peer.frame(3, b"what"), answers=False)


def reserved_control_opcode():
    """a control opcode that is none (11): Close 1002 and nothing after it"""
    return breach(Peer.frame(11, b"what"), answers=False)


def close_reason_not_utf8():
    """a close reason that is not UTF-8: 1007 (or 1002), and nothing after it"""
    return breach(Peer.frame(CLOSE, struct.pack(">H", 1000) + b"\xff\xfe\xc0"), codes=(1007, 1002), answers=False)


def text_message():
    """a text message: Close 1003 and nothing after it"""
    return breach(Peer.frame(TEXT, b"hello"), codes=(1003,), answers=False)


def unmasked_message():
    """an unmasked message: Close 1002 (RFC 6455, 5.1)"""
    return breach(Peer.frame(BINARY, SUBSCRIBE_ALL, masked=False))


def unmasked_hello():
    """an unmasked Hello: Close 1002 and no Welcome"""
    return breach(Peer.frame(BINARY, HELLO, masked=False), hello=False, subscribe=False)


def unmasked_ping():
    """an unmasked ping: Close 1002 and no pong"""
    return breach(Peer.frame(PING, b"bare", masked=False))


def long_ping():
    """a ping of 126 bytes: Close 1002 (RFC 6455, 5.5)"""
    return breach(Peer.frame(PING, bytes(126)))


def long_close():
    """a close of 126 bytes: Close 1002"""
    return breach(Peer.frame(CLOSE, struct.pack(">H", 1000) + b"x" * 124))


def fragmented_ping():
    """a ping that is a fragment: Close 1002"""
    return breach(Peer.frame(PING, b"half", final=False))


def continuation_of_nothing():
    """a continuation without a beginning: Close 1002"""
    return breach(Peer.frame(CONTINUATION, b"what"))


def message_in_a_message():
    """a message that begins inside another: Close 1002"""
    return breach(Peer.frame(BINARY, b"\4", final=False) + Peer.frame(BINARY, b"\4\0\0\0"))


def message_too_long():
    """a message of 70000 bytes: Close 1009 and nothing after it"""
    return breach(Peer.frame(BINARY, bytes(70000)), codes=(1009,), answers=False)


def count_of_breach_before_hello():
    """a reserved bit before Hello counts once, as `protocol`"""
    def act():
        try:
            breach(Peer.frame(BINARY, HELLO, reserved=4), hello=False, subscribe=False, answers=False, seconds=7)
        except Failed:
            pass  # Another check says so.

    grown = counted(act)
    expect(grown == {"protocol": 1}, f"grown: {grown}")


def count_of_breach_while_watching():
    """a reserved bit of a watching client counts once, as `protocol`"""
    def act():
        try:
            breach(Peer.frame(BINARY, HELLO, reserved=4), seconds=2)
        except Failed:
            pass  # Another check says so.

    grown = counted(act)
    expect(grown == {"protocol": 1}, f"grown: {grown}")


def count_of_text():
    """a text message before Hello counts once, as `text`"""
    def act():
        breach(Peer.frame(TEXT, b"hello"), codes=(1003,), hello=False, subscribe=False, seconds=2)

    grown = counted(act)
    expect(grown == {"text": 1}, f"grown: {grown}")


# MARK: Checks: upgrades


def upgrade_as_firefox_asks():
    """`Connection: keep-alive, Upgrade` and `Upgrade: WebSocket` in other letters"""
    answer = exchange(request(path="/", fields=[
        "User-Agent: x", "Connection: keep-alive, upgrade", "Upgrade: WebSocket", "sec-websocket-version: 13",
        "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: other, orrery.v1",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]), seconds=1)
    expect(answer.status == 101, f"{answer}")
    expect(answer.field("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "a wrong Sec-WebSocket-Accept")
    expect(answer.field("sec-websocket-protocol") == "orrery.v1", "another subprotocol")
    expect(answer.field("sec-websocket-extensions") is None, "an extension that nobody speaks")


def upgrade_of_version_8():
    """another version of WebSocket: 426 (or 400) with Sec-WebSocket-Version: 13"""
    answer = ask(path="/", fields=[
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: orrery.v1"])
    expect(answer.status in (400, 426) and answer.field("sec-websocket-version") == "13", f"{answer}")


def upgrade_to_h2c():
    """`Upgrade: h2c` at a page is answered in HTTP/1.1 (curl --http2, Java)"""
    settings = "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"
    fields = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings]
    for path in ("/healthz", "/metrics", "/schema"):
        answer = ask(path=path, fields=fields)
        expect(answer.status == 200, f"{path}: {answer}")


def upgrade_to_something():
    """`Upgrade: foo/2` at a page is ignored (RFC 9110, 7.8)"""
    answer = ask(fields=["Connection: Upgrade", "Upgrade: foo/2"])
    expect(answer.status == 200, f"{answer}")


# MARK: Checks: HTTP


def _long_fields(count, size):
    return [f"X-Field-{number}: {'x' * size}" for number in range(count)]


def header_of_5_KB_in_one_field():
    """one field of 5000 bytes: 431 or the page"""
    answer = ask(fields=_long_fields(1, 5000))
    expect(answer.status in (200, 431), f"{answer}")


def header_of_8_KB_in_many_fields():
    """eighty fields of 100 bytes: 431 or the page"""
    answer = ask(fields=_long_fields(80, 100))
    expect(answer.status in (200, 431), f"{answer}")


def header_of_6_KB_of_cookies():
    """6000 bytes of cookies, as of a browser on localhost: 431 or the page"""
    answer = ask(path="/metrics", fields=["Cookie: " + "; ".join(f"c{n}={'y' * 90}" for n in range(60))])
    expect(answer.status in (200, 431), f"{answer}")


def fields_whose_names_begin_others():
    """fields whose names are beginnings of well-known ones (`If`, `X-Auth`, `X-Forwarded`): the page, an upgrade"""
    upgrade = [
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: orrery.v1"]
    wrong = []
    for name in ("X", "If", "X-Auth", "X-Forwarded", "Auth"):
        answer = ask(fields=[f"{name}: a"], seconds=1)
        if answer.status != 200:
            wrong.append(f"{name}: {answer}")
    answer = ask(path="/", fields=[*upgrade, "X-Auth: a"], seconds=1)
    if answer.status != 101:
        wrong.append(f"upgrade with X-Auth: {answer}")
    expect(not wrong, "; ".join(wrong))


def header_of_100_KB():
    """a header of 100000 bytes: 431"""
    answer = ask(fields=_long_fields(20, 5000))
    expect(answer.status == 431, f"{answer}")


def upgrade_with_5_KB_header():
    """an upgrade with a field of 5000 bytes: 101 or 431"""
    answer = exchange(request(path="/", fields=[
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: orrery.v1", *_long_fields(1, 5000)]), 1)
    expect(answer.status in (101, 431), f"{answer}")


def _method(method, body=""):
    fields = [f"Content-Length: {len(body)}"] if body else []
    answer = ask(method, fields=fields, body=body)
    expect(answer.status == 405, f"{answer}")
    allow = {each.strip() for each in (answer.field("allow") or "").split(",")}
    expect({"GET", "HEAD"} <= allow, f"405 with Allow: {answer.field('allow')}")
    expect(is_own(answer), f"405, but a page of the library: {answer.body[:40]!r}")


def method_POST():
    """POST at a page: 405 with Allow"""
    _method("POST", "a=b")


def method_POST_without_body():
    """POST without a body: 405 with Allow"""
    _method("POST")


def method_TRACE():
    """TRACE: 405 with Allow"""
    _method("TRACE")


def method_PROPFIND():
    """PROPFIND: 405 with Allow"""
    _method("PROPFIND")


def method_PUT():
    """PUT with a body: 405 with Allow"""
    _method("PUT", "x" * 300)


def method_DELETE():
    """DELETE: 405 with Allow"""
    _method("DELETE")


def method_PATCH():
    """PATCH: 405 with Allow"""
    _method("PATCH", "{}")


def method_OPTIONS():
    """OPTIONS: 405, or 200 or 204, with Allow"""
    answer = ask("OPTIONS")
    expect(answer.status in (200, 204, 405), f"{answer}")
    expect(answer.field("allow"), f"{answer.status} without Allow")


def method_unknown():
    """a method that nobody has heard of: 405 or 501"""
    answer = ask("BREW")
    expect(answer.status in (405, 501), f"{answer}")


def head():
    """HEAD has the fields of GET and no body"""
    for path in ("/healthz", "/schema", "/nothing"):
        get, answer = ask(path=path), ask("HEAD", path=path)
        expect(answer.status == get.status and not answer.body, f"{path}: {answer}, {len(answer.body)} bytes of body")
        expect(
            answer.field("content-length") == get.field("content-length"),
            f"{path}: Content-Length {answer.field('content-length')}, GET has {get.field('content-length')}")


def date():
    """every answer has a Date (RFC 9110, 6.6.1)"""
    upgrade = ["Connection: Upgrade", "Upgrade: websocket"]
    missing, seen = [], set()
    for what, answer in {
        "page": ask(), "metrics": ask(path="/metrics"), "no page": ask(path="/nothing"), "no upgrade": ask(path="/"),
        "bad upgrade": ask(path="/", fields=upgrade), "method": ask("POST"), "HEAD": ask("HEAD"),
        "other host": ask(path="/metrics", host="other.example"),
    }.items():
        seen.add(answer.status)
        if not re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.field("date") or ""):
            missing.append(f"{what} ({answer.status})")
    expect(not missing, "no Date: " + ", ".join(missing))


def two_requests_at_once():
    """two requests in one write: both answered, or the first, whole, with `Connection: close` and no reset"""
    answer = exchange(request(path="/schema") + request())
    expect(answer.status == 200, f"{answer}")
    size = int(answer.field("content-length"))
    expect(len(answer.body) >= size, f"{len(answer.body)} of {size} bytes, {answer.ended}")
    rest = answer.body[size:]
    if answer.field("connection") == "close":
        expect(not rest and answer.ended == "end", f"Connection: close, {len(rest)} bytes more, {answer.ended}")
    else:
        expect(rest.startswith(b"HTTP/1.1 200"), f"rest {rest[:30]!r}, {answer.ended}")


def connection_is_honest():
    """keep-alive that is one, or `Connection: close` and a clean end within a second"""
    answer = ask(seconds=1)
    if (answer.field("connection") or "").lower() == "close":
        expect(answer.ended == "end", f"Connection: close, {answer.ended}")
    else:
        again = exchange(request() + request(), 1)
        expect(again.body.count(b"HTTP/1.1 200") == 1, f"no second answer, {again.ended}")


def absolute_form():
    """`GET http://HOST:PORT/healthz` (RFC 9112, 3.2.2: a server MUST accept it)"""
    answer = ask(path=f"http://{host_field()}/healthz")
    expect(answer.status == 200 and answer.body.strip() == b"ok", f"{answer}")


def expect_100_continue():
    """`Expect: 100-continue`: the answer, with 100 before it or not, or 417"""
    answer = ask(fields=["Expect: 100-continue"])
    expect(answer.status in (100, 200, 417), f"{answer}")
    if answer.status == 100:
        expect(b"HTTP/1.1 200" in answer.body, "100 and nothing else")
    posted = exchange(request("POST", fields=["Expect: 100-continue", "Content-Length: 10"]))
    expect(posted.status in (405, 417), f"POST: {posted}")


def no_host():
    """HTTP/1.1 without Host: 400 (RFC 9112, 3.2)"""
    answer = ask(host="")
    expect(answer.status == 400, f"{answer}")


def no_host_upgrade():
    """an upgrade without Host: 400"""
    answer = ask(path="/", host="", seconds=1, fields=[
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: orrery.v1"])
    expect(answer.status == 400, f"{answer}")


def no_host_of_1_0():
    """HTTP/1.0 without Host: the page"""
    answer = ask(host="", version="1.0")
    expect(answer.status == 200, f"{answer}")


def two_hosts():
    """two Hosts: 400 (RFC 9112, 3.2)"""
    for path in ("/healthz", "/metrics"):
        answer = ask(path=path, fields=[f"Host: {host_field()}"])
        expect(answer.status == 400, f"{path}: {answer}")


def two_different_hosts():
    """two Hosts, one of another server: 400"""
    answer = ask(path="/metrics", fields=["Host: evil.example"])
    expect(answer.status == 400, f"{answer}")


def host_of_ipv6():
    """`Host: [::1]:PORT` is this machine, for pages and upgrades"""
    answer = ask(path="/metrics", host=f"[::1]:{PORT}")
    expect(answer.status == 200, f"{answer}")
    answer = exchange(request(path="/", host=f"[::1]:{PORT}", fields=[
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: orrery.v1"]), 1)
    expect(answer.status == 101, f"upgrade: {answer}")


def path_of_3_KB():
    """a path of 3000 bytes: 404, 414 or 431"""
    answer = ask(path="/" + "p" * 3000)
    expect(answer.status in (404, 414, 431), f"{answer}")


def path_of_10_KB():
    """a path of 10000 bytes: 414 or 431"""
    answer = ask(path="/" + "p" * 10000)
    expect(answer.status in (414, 431), f"{answer}")


def query():
    """`/metrics?x=y` is the page"""
    for path in ("/metrics?x=y", "/healthz?", "/schema?a=b&c=d"):
        answer = ask(path=path)
        expect(answer.status == 200, f"{path}: {answer}")


def not_found():
    """a page that is none: 404 of the server's own"""
    answer = ask(path="/nothing")
    expect(answer.status == 404 and is_own(answer), f"{answer}")


def request_in_pieces():
    """a request that comes byte by byte"""
    answer = exchange(request(), pieces=1000, pause=0.005)
    expect(answer.status == 200, f"{answer}")


def empty_line_before():
    """an empty line before the request is ignored (RFC 9112, 2.2)"""
    answer = exchange("\r\n" + request())
    expect(answer.status in (200, 400), f"{answer}")


def line_that_is_none():
    """a request line that is none: 400"""
    answer = exchange("this is no request\r\n\r\n")
    expect(answer.status in (400, 405, 501), f"{answer}")


CHECKS = [
    ten_pings_at_once, ten_pings_while_watching, ping_in_a_message, two_pings_in_a_message_slowly,
    two_pings_in_a_message_at_once, unasked_pong, close_of_one_byte, close_is_answered, close_without_code,
    closes_with_codes_that_are_none, reserved_bit, reserved_bit_of_who_waits, answered_breach_ends, reserved_opcode,
    reserved_control_opcode, close_reason_not_utf8, text_message, unmasked_message, unmasked_hello, unmasked_ping,
    long_ping, long_close, fragmented_ping, continuation_of_nothing, message_in_a_message, message_too_long,
    count_of_breach_before_hello, count_of_breach_while_watching, count_of_text, upgrade_as_firefox_asks,
    upgrade_of_version_8, upgrade_to_h2c, upgrade_to_something, header_of_5_KB_in_one_field,
    header_of_8_KB_in_many_fields, header_of_6_KB_of_cookies, fields_whose_names_begin_others, header_of_100_KB,
    upgrade_with_5_KB_header, method_POST, method_POST_without_body, method_TRACE, method_PROPFIND, method_PUT,
    method_DELETE, method_PATCH, method_OPTIONS, method_unknown, head, date, two_requests_at_once,
    connection_is_honest, absolute_form, expect_100_continue, no_host, no_host_upgrade, no_host_of_1_0, two_hosts,
    two_different_hosts, host_of_ipv6, path_of_3_KB, path_of_10_KB, query, not_found, request_in_pieces,
    empty_line_before, line_that_is_none,
]


def main(arguments, checks):
    global HOST, PORT
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    HOST, PORT = arguments[0], int(arguments[1])
    wanted = set(arguments[2:])
    passed = failed = 0
    for check in checks:
        if wanted and check.__name__ not in wanted:
            continue
        what = check.__doc__.strip()
        try:
            check()
        except Failed as failure:
            failed += 1
            print(f"FAIL {check.__name__}: {what}: {failure}", flush=True)
        except Exception as error:  # A refused connection, say: the check could not be made.
            failed += 1
            print(f"FAIL {check.__name__}: {what}: {type(error).__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"PASS {check.__name__}: {what}", flush=True)
    try:
        alive = ask().status == 200
    except OSError:
        alive = False
    if not alive:
        failed += 1
        print("FAIL alive: the server answers at the end")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], CHECKS))
