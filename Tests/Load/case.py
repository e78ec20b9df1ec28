"""What the load scripts have in common: arguments, the server under load, an honest witness, the line of figures."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import socket
import subprocess
import time
from typing import Any

from peer import Session, ask, drain, subscribe


class Server:
    """The server under load: a binary that is started here, or a URL (then figures of the process need its pid)."""

    def __init__(self, options: argparse.Namespace) -> None:
        server, self.process, self.pid = options.server, None, options.pid
        if not server.startswith("ws://"):
            command = [server, "serve", "--port", "0", "--asteroids", str(options.asteroids)]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.pid = self.process.pid
            said = self.process.stdout.readline().decode().split()
            if not said:
                raise ConnectionError("the server ended before it listened")
            server = said[0]
        host, _, port = server.removeprefix("ws://").rstrip("/").partition(":")
        self.address = (host, int(port or 80))

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu(self) -> float:
        """Seconds of CPU of the process so far."""
        if self.pid is None:
            return 0.0
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> int:
        """Resident megabytes of the process."""
        if self.pid is None:
            return 0
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) // 1024

    def descriptors(self) -> int:
        return 0 if self.pid is None else len(os.listdir(f"/proc/{self.pid}/fd"))

    def health(self, timeout: float = 2) -> tuple[int | str, float]:
        """What GET /healthz says: its status, or how it failed; and how long it took."""
        begin = time.monotonic()
        what: int | str
        try:
            with socket.create_connection(self.address, timeout) as one:
                one.settimeout(timeout)
                one.sendall(f"GET /healthz HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n\r\n".encode())
                line = one.recv(64).split(b"\r\n")[0].decode()
                what = int(line.split()[1]) if line else "closed without an answer"
        except (OSError, IndexError, ValueError) as error:
            what = str(error) or type(error).__name__
        return what, round(time.monotonic() - begin, 3)


class Witness:
    """An honest client in a process of its own: watches one component of all entities, acknowledges each batch."""

    QUERY = "Position"

    def __init__(self, address: tuple[str, int]) -> None:
        self.pipe, other = multiprocessing.Pipe()
        self.stopping = multiprocessing.Event()
        self.process = multiprocessing.Process(target=self._run, args=(address, other), daemon=True)
        self.process.start()
        if (said := self.pipe.recv()) != "ready":
            raise ConnectionError(f"the witness did not get in: {said}")

    def _run(self, address: tuple[str, int], pipe: Any) -> None:
        try:
            session = Session(address, log=True)
        except OSError as error:
            pipe.send(str(error))
            return
        session.say(subscribe(1, ask(self.QUERY)))
        drain([session], time.monotonic() + 5, lambda: session.batches >= 3 or session.refused > 0)
        if session.refused:
            pipe.send(session.refusal)
            return
        pipe.send("ready")
        drain([session], time.monotonic() + 3600, self.stopping.is_set)
        pipe.send((session.log, session.closed, session.welcome.tick_rate))

    def result(self, begin: float, end: float) -> dict[str, Any]:
        """What it saw between two times: its longest time without a batch, and the ticks that it did not get."""
        if not self.stopping.is_set():
            self.stopping.set()
            self.saw = self.pipe.recv()
            self.process.join(2)
        log, closed, rate = self.saw
        inside = [one for one in log if begin <= one[0] <= end]
        before = [one for one in log if one[0] < begin][-1:]
        after = [one for one in log if one[0] > end][:1]
        seen = before + inside + after
        times = [one[0] for one in seen] + ([end] if not after else [])
        gaps = [b - a for a, b in zip(times, times[1:])]
        due = (end - begin) * rate
        return {
            "longest_gap_s": round(max(gaps, default=end - begin), 3),
            "missed_ticks": sum(b[1] - a[1] - 1 for a, b in zip(seen, seen[1:])),
            "got_of_due": round(len(inside) / due, 3),
            "closed": closed,
        }


# Options that several scripts have: their type, default and help.
GAP_MAX = (float, 0.1, "longest time without a batch that is right, seconds")
QUERY = (str, "#v1", "what each subscription asks for (docs/QUERIES.md); # is the index of an entity, in turn")


def arguments(what: str, **more: tuple[type, Any, str]) -> argparse.Namespace:
    """`more`: by name type, default and help; one without a default is an argument, the others are options."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "server", help="path of the solar-system binary, which is started here; or ws://host:port of one that runs"
    )
    for name, (kind, default, text) in more.items():
        if default is None:
            parser.add_argument(name, type=kind, help=text)
        else:
            text += " (default: %(default)s)"
            parser.add_argument("--" + name.replace("_", "-"), type=kind, default=default, help=text)
    parser.add_argument("--pid", type=int, help="process of a server given by URL, for figures of it")
    parser.add_argument("--asteroids", type=int, default=2000, help="entities of a server started here, about")
    return parser.parse_args()


def closed_with(sessions: list[Session]) -> list[str]:
    """The first few of the ways in which sessions were closed."""
    return sorted({str(one.closed) for one in sessions if one.closed})[:4]


def refused_with(sessions: list[Session]) -> list[str]:
    """The first few of the reasons for which the server refused something."""
    return sorted({one.refusal for one in sessions if one.refusal})[:4]


def is_calm(saw: dict[str, Any], gap_max: float, missed_max: float) -> bool:
    """Whether the witness got what it was to get."""
    return saw["closed"] is None and saw["longest_gap_s"] <= gap_max and saw["missed_ticks"] <= missed_max


def finish(script: str, figures: dict[str, Any], right: bool) -> int:
    """Prints the figures as one line of JSON; the exit status says whether they are right."""
    print(json.dumps({"script": script, **figures, "right": bool(right)}), flush=True)
    return 0 if right else 1
