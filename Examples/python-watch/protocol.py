"""The Orrery protocol, version 1, without I/O: messages in, messages and changes out. Written from docs/PROTOCOL.md."""

from __future__ import annotations

from dataclasses import dataclass

from values import Reader, Schema, varint
from websocket import Breach

SUBPROTOCOL = "orrery.v1"
MESSAGE_SIZE_MAX = 1048576
ENTITY_INDEX_MAX = 4194304
COMPONENT_COUNT_MAX = 1024
REASON_SIZE_MAX = 1024
STAGED_SIZE_MAX = 268435456
VALUE_SIZE_MAX = 262144
SUBSCRIPTION = 1

HELLO, SUBSCRIBE, ACKNOWLEDGE = 1, 2, 4
WELCOME, SUBSCRIBE_RESPONSE, SYNC_BATCH, HEARTBEAT = 0x81, 0x82, 0x84, 0x85
STARTED, DESPAWN, ENTER, SPAWN, REMOVE, INSERT, UPDATE = 1, 2, 4, 5, 6, 7, 8


class Refused(Exception):
    """The world has no such component, or the server refuses the subscription."""


@dataclass
class Change:
    """What happened: spawn, enter, despawn, leave; or remove, insert, set of a component of an entity."""

    kind: str
    index: int
    generation: int
    schema: Schema | None = None
    old: bytes | None = None
    new: bytes | None = None


class Session:
    """The client's side of one connection, with one subscription to all entities. Sections 6 to 11 of the page."""

    def __init__(self, client_name: str, names: list[str]) -> None:
        self._names = names
        self._schemas: list[Schema] = []
        self._is_welcome = False
        self._is_subscribed = False
        self._staged: list[Reader] = []
        self._staged_size = 0
        self._received = 0
        self._generations: dict[int, int] = {}
        self._cells: list[dict[int, bytes]] = []
        self._changes: list[Change] = []
        self.tick = 0
        self.is_started = False
        name = client_name.encode()
        self._outgoing = [bytes([HELLO, 1, 1]) + varint(len(name)) + name]

    def take_outgoing(self) -> list[bytes]:
        messages, self._outgoing = self._outgoing, []
        return messages

    def receive(self, message: bytes) -> list[Change]:
        """Takes one message in. Raises `Breach`: close with its code."""
        reader = Reader(message)
        kind = reader.unsigned(1)
        if (kind == WELCOME) == self._is_welcome:
            raise Breach(1002, "Welcome comes first, and once")
        if kind == WELCOME:
            self._welcome(reader)
        elif kind == SUBSCRIBE_RESPONSE:
            self._answered(reader)
        elif kind == SYNC_BATCH:
            self._part(reader, len(message))
        elif kind == HEARTBEAT:
            self._heartbeat(reader)
        else:
            raise Breach(1002, f"a message of kind {kind}, which nobody asked for")
        changes, self._changes = self._changes, []
        return changes

    def _welcome(self, reader: Reader) -> None:
        if reader.varint() != 1:
            raise Breach(1002, "a version that was not offered")
        reader.take(8)  # epoch
        for _ in ("tick", "tick rate", "messageSizeMax", "window"):
            reader.varint()
        table: list[tuple[str, int]] = []
        schemas: dict[int, Schema] = {}
        for kind, content in reader.sections():
            if kind == 1:
                for _ in range(content.count(COMPONENT_COUNT_MAX, 10)):
                    table.append((content.string(128), content.unsigned(8)))
                    content.flag()  # writable
                content.end()
            elif kind == 2:
                schema = Schema(content)
                schemas[schema.hash] = schema
        for name, hash in table:
            if hash not in schemas or schemas[hash].name != name:
                raise Breach(1002, f"no schema of component {name}")
            self._schemas.append(schemas[hash])
            self._cells.append({})
        self._is_welcome = True
        self._subscribe([name for name, _ in table])

    def _subscribe(self, known: list[str]) -> None:
        for name in self._names:
            if name not in known:
                raise Refused(f"the world has no component '{name}'; it has: {', '.join(sorted(known))}")
        wanted = sorted({known.index(name) for name in self._names})
        selection = b"\1" + varint(len(wanted)) + b"".join(map(varint, wanted)) if wanted else b"\0"
        self._outgoing.append(bytes([SUBSCRIBE, SUBSCRIPTION, 0]) + selection)

    def _answered(self, reader: Reader) -> None:
        if reader.varint() != SUBSCRIPTION or self._is_subscribed:
            raise Breach(1002, "an answer to what nobody asked")
        self._is_subscribed = True
        if code := reader.unsigned(1):
            raise Refused(f"the server refuses the subscription ({code}): {reader.string(REASON_SIZE_MAX)}")
        for _ in reader.sections():
            pass

    def _heartbeat(self, reader: Reader) -> None:
        tick, is_current = reader.varint(), reader.flag()
        for _ in reader.sections():
            pass
        if tick < self.tick:
            raise Breach(1002, "a tick that goes back")
        if is_current and not self._staged:
            self.tick = tick
        self._acknowledge()

    def _acknowledge(self) -> None:
        self._outgoing.append(bytes([ACKNOWLEDGE]) + varint(self.tick) + varint(self._received))

    def _part(self, reader: Reader, size: int) -> None:
        """Section "Staging"."""
        tick, distance, is_whole, part = reader.varint(), reader.varint(), reader.flag(), reader.varint()
        if distance > tick:
            raise Breach(1007, "a base before tick 0")
        if part == 0:
            self._staged, self._staged_size = [], 0
        if part != len(self._staged) or tick - distance > self.tick:
            raise Breach(4003, "a batch that does not follow")
        if tick < self.tick:
            raise Breach(1002, "a tick that goes back")
        self._received += size
        self._staged.append(reader)
        self._staged_size += size
        if self._staged_size > STAGED_SIZE_MAX:
            raise Breach(1008, "too much is staged")
        if is_whole:
            self._apply()
            self.tick = tick
        self._acknowledge()

    def _apply(self) -> None:
        parts, self._staged, self._staged_size = self._staged, [], 0
        shrunk: set[int] = set()
        for part in parts:
            for kind, content in part.sections():
                self._section(kind, content, shrunk)
        for row in sorted(shrunk):  # Bare entities. Who watches all components is told of all entities.
            if self._names and row in self._generations and not any(row in cells for cells in self._cells):
                self._changed("leave", row)
                del self._generations[row]

    def _section(self, kind: int, content: Reader, shrunk: set[int]) -> None:
        if kind == STARTED:
            for _ in range(content.count(64, 1)):
                if content.varint() != SUBSCRIPTION or not self._is_subscribed:
                    raise Breach(1002, "a subscription starts that nobody asked for")
            self.is_started = True
        elif kind == DESPAWN:
            for row in _rows(content):
                self._erase(row)
        elif kind in (ENTER, SPAWN):
            for row in _rows(content):
                self._stand(row, content.unsigned(4), "spawn" if kind == SPAWN else "enter")
        elif kind in (REMOVE, INSERT, UPDATE):
            component = content.varint()
            if component >= len(self._schemas):
                raise Breach(1007, "a component beyond the table")
            rows = _rows(content)
            if kind == REMOVE:
                for row in rows:
                    self._remove(component, row)
                shrunk.update(rows)
            else:
                self._write(component, rows, content, kind == INSERT)
        else:
            return
        content.end()

    def _changed(self, kind: str, row: int, component: int | None = None, *values: bytes | None) -> None:
        schema = None if component is None else self._schemas[component]
        self._changes.append(Change(kind, row, self._generations[row], schema, *values))

    def _erase(self, row: int) -> None:
        if row in self._generations:
            self._changed("despawn", row)
            del self._generations[row]
            for cells in self._cells:
                cells.pop(row, None)

    def _stand(self, row: int, generation: int, kind: str) -> None:
        if generation == 0:
            raise Breach(1007, "an entity of generation 0")
        if self._generations.get(row) != generation:
            self._erase(row)
            self._generations[row] = generation
            self._changed(kind, row)

    def _remove(self, component: int, row: int) -> None:
        if row in self._cells[component]:
            self._changed("remove", row, component)
            del self._cells[component][row]

    def _write(self, component: int, rows: list[int], content: Reader, is_insert: bool) -> None:
        size, cells = self._schemas[component].type.size, self._cells[component]
        sizes = [content.varint() if size is None else size for _ in rows]
        if max(sizes) > VALUE_SIZE_MAX:
            raise Breach(1008, "a value that is too long")
        for row, size in zip(rows, sizes):
            if row not in (self._generations if is_insert else cells):
                raise Breach(1007, f"a value of row {row}, which is not there")
            new = content.take(size)
            if is_insert:
                self._remove(component, row)
                self._changed("insert", row, component, None, new)
            elif new != cells[row]:
                self._changed("set", row, component, cells[row], new)
            cells[row] = new


def _rows(reader: Reader) -> list[int]:
    """Section "Rows"."""
    form, count, rows = reader.unsigned(1), reader.varint(), []
    if form == 0:
        if count > reader.left:
            raise Breach(1007, "more rows than bytes")
        row = -1
        for _ in range(count):
            row += reader.varint() + 1
            rows.append(row)
    elif form == 1:
        start, bits = reader.varint() * 8, reader.take(reader.varint())
        if not bits or not bits[0] or not bits[-1]:
            raise Breach(1007, "a bitmap that is not canonical")
        rows = [start + 8 * at + bit for at, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1]
    if not rows or len(rows) != count:
        raise Breach(1007, "rows that are not what their count says")
    if rows[-1] >= ENTITY_INDEX_MAX:
        raise Breach(1008, "a row beyond the last")
    return rows
