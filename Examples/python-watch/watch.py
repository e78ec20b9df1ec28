#!/usr/bin/env python3
"""Prints every change of a running Orrery world, one a line. Python 3.9 or later, nothing to install."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, NoReturn

from session import NO_ENTITY, Change, Refused, Session
from websocket import CannotConnect, Closed, WebSocket
from wire.frames import NoUpgrade, Unauthorized
from wire.messages import MESSAGE_SIZE_MAX, SUBPROTOCOL
from wire.primitives import Breach
from wire.values import STRUCTURE, Type, Undecodable

DONE, CANNOT_CONNECT, PROTOCOL_TROUBLE, CONNECTION_LOST, UNAUTHORIZED, USAGE = 0, 3, 4, 5, 8, 64
CONNECT_SECONDS = SILENCE_SECONDS = 10.0
LOCAL_URL = "ws://127.0.0.1:7600"
# All else is a query. (One that is only a name with a dot needs an address before it, or back-ticks.)
ADDRESS = re.compile(r"localhost|[^\s,|`]*[.:][^\s,|`]*")
EVERYTHING = "*"

EXAMPLES = """\
lines:
  201 4v1 spawn                    it came to life (enter: it came into sight; leave: it went out of it)
  201 4v1 Position.x - -> 1.5      it was given a Position
  202 4v1 Position.x 1.5 -> 2      its Position changed
  203 4v1 remove Position          its Position was taken away
  204 4v1 despawn

An entity that no longer matches the query leaves, with all that was shown of it. docs/QUERIES.md is the language:
  'Position | Label'                               who has one of them, or both
  'Position, Health where Health.current < 50'     who has both, while the condition holds

exit codes, as of `orrery`:
   0  done: --ticks, --for or --count has come to its end
   3  cannot connect
   4  not an Orrery server, or one that breaks the protocol, or that refuses the query
   5  the connection was lost, or the server stopped
   8  the server wants a token, or another one
  64  the arguments do not make sense
 130  interrupted
"""


class Ended(Exception):
    """Enough was printed."""


def shown(value: Any) -> str:
    """One line of JSON, in which nothing can steer a terminal."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def plain(value: Any) -> Any:
    """The value as JSON has it: numbers that it has not become text, whole floats lose their point."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        is_short = value.is_integer() and abs(value) < 1e15 and str(value) != "-0.0"
        return int(value) if is_short else value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return {"undecodable": str(value)} if isinstance(value, Undecodable) else value


def leaves(path: str, type: Type, value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of structures, and theirs, with their paths; all else is one value."""
    if type.tag == STRUCTURE and type.names and isinstance(value, dict):
        for name, inner in zip(type.names, type.inner):
            yield from leaves(f"{path}.{name}", inner, value[name])
    else:
        yield path, plain(value)


class Printer:
    """Prints changes, and raises `Ended` when there were enough."""

    def __init__(self, is_json: bool, count: int | None) -> None:
        self._is_json, self._left = is_json, count

    def show(self, tick: int, changes: list[Change]) -> None:
        try:
            for change in changes:
                entity = "-" if change.generation == NO_ENTITY else f"{change.index}v{change.generation}"
                self._show(tick, entity, change)
            sys.stdout.flush()
        except BrokenPipeError:
            die_of(signal.SIGPIPE)

    def _show(self, tick: int, entity: str, change: Change) -> None:
        if change.component is None:
            self._line(tick, entity, change.kind)
        elif change.new is None:
            self._line(tick, entity, change.kind, component=change.component)
        elif change.schema is None:
            old = {} if change.old is None else {"old": {"undecodable": change.old.hex()}}
            new = {"undecodable": change.new.hex()}
            self._line(tick, entity, change.kind, field=change.component, **old, new=new)
        else:
            name, type = change.schema.name, change.schema.type
            new = dict(leaves(name, type, change.schema.value(change.new)))
            old = {} if change.old is None else dict(leaves(name, type, change.schema.value(change.old)))
            for path, value in new.items():
                if path not in old:
                    self._line(tick, entity, change.kind, field=path, new=value)
                elif shown(old[path]) != shown(value):
                    self._line(tick, entity, change.kind, field=path, old=old[path], new=value)

    def _line(self, tick: int, entity: str, kind: str, **what: Any) -> None:
        if self._is_json:
            line = shown({"tick": tick, "entity": entity, "change": kind, **what})
        elif "field" in what:
            old = shown(what["old"]) if "old" in what else "-"
            line = f"{tick} {entity} {shown(what['field'])[1:-1]} {old} -> {shown(what['new'])}"
        else:
            line = " ".join([str(tick), entity, kind, *(shown(name)[1:-1] for name in what.values())])
        print(line)
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                sys.stdout.flush()
                raise Ended


def watch(arguments: argparse.Namespace, printer: Printer) -> None:
    connection = WebSocket(
        arguments.url, SUBPROTOCOL, arguments.token, arguments.ca, MESSAGE_SIZE_MAX, CONNECT_SECONDS
    )
    session = Session("watch.py", arguments.query)
    end = time.monotonic() + arguments.seconds if arguments.seconds else math.inf
    heard, first_tick = time.monotonic(), None
    try:
        while True:
            for message in session.take_outgoing():
                connection.send(message)
            if first_tick is not None and arguments.ticks and session.tick - first_tick >= arguments.ticks:
                raise Ended
            incoming = connection.receive(min(end, heard + SILENCE_SECONDS))
            if incoming is None:
                if time.monotonic() >= end:
                    raise Ended
                raise Closed(None, f"nothing was heard for {SILENCE_SECONDS:g} seconds")
            heard, was_started = time.monotonic(), session.is_started
            changes = session.receive(incoming)
            # What was there before is no change.
            if was_started or arguments.state:
                printer.show(session.tick, changes)
            if session.is_started and first_tick is None:
                first_tick = session.tick
    except (Ended, KeyboardInterrupt, Refused):
        connection.close(1000, "the client leaves")
        raise
    except Breach as error:
        connection.close(error.code, error.reason)
        raise


def replay(path: str, printer: Printer) -> None:
    """Plays a connection of the page, or of a file of its form, up to where it mutates, which this client does not:
    prints all of it, and checks what the client says."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    blocks = text.split("```hex\n")[1:] or [text]
    example = "\n" + "\n".join(block.split("```")[0] for block in blocks).split("\n@ > Mutate")[0]
    session, unsaid = Session("page", EVERYTHING), []
    for item in example.split("\n@ ")[1:]:
        title, *lines = item.split("\n")
        message = bytes.fromhex(" ".join(line.split("#")[0] for line in lines))
        unsaid += session.take_outgoing()
        if title.startswith("<"):
            changes = session.receive(message)
            printer.show(session.tick, changes)
        elif not unsaid or unsaid.pop(0) != message:
            raise Breach(1002, f"this client would not say what the example says: {title}")
    if unsaid + session.take_outgoing():
        raise Breach(1002, "this client would say more than the example")


def die_of(number: signal.Signals) -> NoReturn:
    """Ends as if the signal had not been caught, which a shell can see."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        fail(USAGE, f"{message}; see --help")


def fail(status: int, message: str) -> NoReturn:
    print(f"watch.py: {message}", file=sys.stderr)
    raise SystemExit(status)


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


def parse() -> argparse.Namespace:
    parser = Parser(
        description="Prints every change of a running Orrery world, one a line.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("url", nargs="?", help=f"ws:// or wss://, host:port ({LOCAL_URL})")
    parser.add_argument("query", nargs="?", help=f"what to watch, as one argument: docs/QUERIES.md ('{EVERYTHING}')")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--state", action="store_true", help="print what is there at first, too")
    parser.add_argument("--ticks", type=int, metavar="N", help="end after N ticks")
    parser.add_argument("--for", type=positive, metavar="SECONDS", dest="seconds", help="end after SECONDS")
    parser.add_argument("--count", type=int, metavar="N", help="end after N lines")
    parser.add_argument("--token", help="shown to the server; better in the environment, as ORRERY_TOKEN")
    parser.add_argument("--ca", metavar="FILE", help="authorities to trust instead of the system's, for wss://")
    parser.add_argument("--replay", metavar="FILE", help="play the example of PROTOCOL.md instead of connecting")
    arguments = parser.parse_intermixed_args()
    if any(number is not None and number < 1 for number in (arguments.ticks, arguments.count)):
        parser.error("--ticks and --count are at least 1")
    # A word that is no address is a query of the local world.
    if arguments.url and not ADDRESS.fullmatch(arguments.url):
        if arguments.query is not None:
            parser.error(f"'{arguments.url}' is no address; a query of several words needs quotes")
        arguments.url, arguments.query = None, arguments.url
    arguments.url, arguments.query = arguments.url or LOCAL_URL, arguments.query or EVERYTHING
    if "://" not in arguments.url:
        arguments.url = f"ws://{arguments.url}"
    if not arguments.url.startswith(("ws://", "wss://")):
        parser.error("an address begins with ws:// or wss://")
    arguments.token = arguments.token or os.environ.get("ORRERY_TOKEN", "")
    if not re.fullmatch("[!-~]{0,2048}", arguments.token):
        parser.error("a token is at most 2048 printable ASCII characters, without spaces")
    return arguments


def main() -> None:
    arguments = parse()
    sys.stdout = open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)
    printer = Printer(arguments.json, arguments.count)
    try:
        if arguments.replay:
            replay(arguments.replay, printer)
        else:
            watch(arguments, printer)
    except Ended:
        pass
    except KeyboardInterrupt:
        die_of(signal.SIGINT)
    except Unauthorized as error:
        fail(UNAUTHORIZED, str(error))
    except CannotConnect as error:
        fail(CANNOT_CONNECT, str(error))
    except (Breach, NoUpgrade, Refused) as error:
        fail(PROTOCOL_TROUBLE, str(error))
    except Closed as error:
        fail(CONNECTION_LOST, error.reason or f"the server closed the connection ({error.code})")
    except (OSError, ValueError) as error:
        fail(USAGE, str(error))


if __name__ == "__main__":
    main()
