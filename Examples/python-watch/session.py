"""What a client knows, without I/O: messages in, messages and changes out. Sections 8 to 11 of docs/PROTOCOL.md."""

from __future__ import annotations

from dataclasses import dataclass

from wire.messages import (
    SUBSCRIBE_RESPONSE, AddedSchema, Batch, Component, Despawned, Entered, Heartbeat, Removed, Response, Section,
    Selection, Started, TableChanged, Welcome, Written, acknowledge, batch_sections, hello, read, subscribe,
)  # fmt: skip
from wire.primitives import Breach, Reader
from wire.values import Schema

STAGED_SIZE_MAX = 268435456
SUBSCRIPTION = 1


class Refused(Exception):
    """The world has no such component, or the server refuses the subscription."""


@dataclass
class Change:
    """What happened: spawn, enter, despawn, leave; or remove, insert, set, leave of a component of an entity.

    `schema`: None where its bytes cannot be read."""

    kind: str
    index: int
    generation: int
    schema: Schema | None = None
    old: bytes | None = None
    new: bytes | None = None
    component: str | None = None


class Session:
    """The client's side of one connection, with one subscription to all entities."""

    def __init__(self, client_name: str, names: list[str]) -> None:
        self._names = names
        self._schemas: dict[int, Schema] = {}  # by hash
        self._table: dict[int, Component] = {}
        self._is_welcome = False
        self._is_subscribed = False
        self._staged: list[Batch] = []
        self._staged_size = 0
        self._received = 0
        self._generations: dict[int, int] = {}
        self._cells: dict[int, dict[int, bytes]] = {}  # by component, then by row
        self._changes: list[Change] = []
        self.tick = 0
        self.is_started = False
        self._outgoing = [hello(client_name)]

    def take_outgoing(self) -> list[bytes]:
        messages, self._outgoing = self._outgoing, []
        return messages

    def receive(self, data: bytes) -> list[Change]:
        """Takes one message in. Raises `Breach`: close with its code."""
        message = read(data)
        if isinstance(message, Welcome) == self._is_welcome:
            raise Breach(1002, "Welcome comes first, and once")
        if isinstance(message, Welcome):
            self._welcome(message)
        elif isinstance(message, Response):
            self._answered(message)
        elif isinstance(message, Batch):
            self._part(message, len(data))
        elif isinstance(message, Heartbeat):
            self._heartbeat(message)
        else:
            raise Breach(1002, "an answer to what nobody asked")
        changes, self._changes = self._changes, []
        return changes

    def _welcome(self, welcome: Welcome) -> None:
        for schema in welcome.schemas:
            self._know(schema)
        self._add(welcome.components)
        self._is_welcome = True
        numbers = welcome.numbers()
        for name in self._names:
            if name not in numbers:
                raise Refused(f"the world has no component '{name}'; it has: {', '.join(sorted(numbers))}")
        wanted = [numbers[name] for name in self._names]
        self._outgoing.append(subscribe(SUBSCRIPTION, Selection(components=wanted or None)))

    def _know(self, data: Reader) -> None:
        try:
            schema = Schema(data)
        except Breach:
            return  # Its component is kept as bytes.
        self._schemas[schema.hash] = schema

    def _add(self, components: list[Component]) -> None:
        for component in components:
            if component.number in self._table or component.name in (other.name for other in self._table.values()):
                raise Breach(1002, f"component {component.number}, {component.name}, is there already")
            self._table[component.number], self._cells[component.number] = component, {}

    def _take_away(self, number: int) -> None:
        if number not in self._table:
            raise Breach(1002, f"component {number} is not there")
        for row in sorted(self._cells[number]):
            self._remove(number, row, "leave")
        del self._table[number], self._cells[number]

    def _answered(self, response: Response) -> None:
        if response.kind != SUBSCRIBE_RESPONSE or response.subscription != SUBSCRIPTION or self._is_subscribed:
            raise Breach(1002, "an answer to what nobody asked")
        self._is_subscribed = True
        if response.code:
            raise Refused(f"the server refuses the subscription ({response.code}): {response.reason}")

    def _heartbeat(self, heartbeat: Heartbeat) -> None:
        if heartbeat.tick < self.tick:
            raise Breach(1002, "a tick that goes back")
        if heartbeat.is_current and not self._staged:
            self.tick = heartbeat.tick
        self._acknowledge()

    def _acknowledge(self) -> None:
        self._outgoing.append(acknowledge(self.tick, self._received))

    def _part(self, batch: Batch, size: int) -> None:
        """Section "Staging"."""
        if batch.part == 0:
            self._staged, self._staged_size = [], 0
        if batch.part != len(self._staged) or batch.base > self.tick:
            raise Breach(4003, "a batch that does not follow")
        if batch.tick < self.tick:
            raise Breach(1002, "a tick that goes back")
        self._received += size
        self._staged.append(batch)
        self._staged_size += size
        if self._staged_size > STAGED_SIZE_MAX:
            raise Breach(1008, "too much is staged")
        if batch.is_whole:
            self._apply()
            self.tick = batch.tick
        self._acknowledge()

    def _apply(self) -> None:
        parts, self._staged, self._staged_size = self._staged, [], 0
        sizes, shrunk = {number: component.size for number, component in self._table.items()}, set()
        for part in parts:
            for section in batch_sections(part.content, sizes):
                self._section(section)
                if isinstance(section, TableChanged):
                    sizes.clear()
                    sizes.update((number, component.size) for number, component in self._table.items())
                if isinstance(section, Removed):
                    shrunk.update(section.rows)
        for row in sorted(shrunk):  # Bare entities. Who watches all components is told of all entities.
            if self._names and row in self._generations and not any(row in cells for cells in self._cells.values()):
                self._changed("leave", row)
                del self._generations[row]

    def _section(self, section: Section) -> None:
        if isinstance(section, Started):
            if not self._is_subscribed or any(number != SUBSCRIPTION for number in section.subscriptions):
                raise Breach(1002, "a subscription starts that nobody asked for")
            self.is_started = True
        elif isinstance(section, Despawned):
            for row in section.rows:
                self._erase(row)
        elif isinstance(section, Entered):
            for row, generation in zip(section.rows, section.generations):
                self._stand(row, generation, "spawn" if section.is_spawn else "enter")
        elif isinstance(section, Removed):
            for row in section.rows:
                self._remove(section.component, row)
        elif isinstance(section, TableChanged):
            for number in section.removed:
                self._take_away(number)
            self._add(section.added)
        elif isinstance(section, AddedSchema):
            self._know(section.schema)
        else:
            self._write(section)

    def _changed(self, kind: str, row: int, component: int | None = None, *values: bytes | None) -> None:
        change = Change(kind, row, self._generations[row], None, *values)
        if component is not None:
            entry = self._table[component]
            change.component, change.schema = entry.name, self._schema(entry)
        self._changes.append(change)

    def _schema(self, entry: Component) -> Schema | None:
        """None for one that cannot be read, or that is of another name or size."""
        schema = self._schemas.get(entry.schema_hash)
        return schema if schema and schema.name == entry.name and schema.type.size == entry.size else None

    def _erase(self, row: int) -> None:
        if row in self._generations:
            self._changed("despawn", row)
            del self._generations[row]
            for cells in self._cells.values():
                cells.pop(row, None)

    def _stand(self, row: int, generation: int, kind: str) -> None:
        if generation == 0:
            raise Breach(1007, "an entity of generation 0")
        if self._generations.get(row) != generation:
            self._erase(row)
            self._generations[row] = generation
            self._changed(kind, row)

    def _remove(self, component: int, row: int, kind: str = "remove") -> None:
        if row in self._cells[component]:
            self._changed(kind, row, component)
            del self._cells[component][row]

    def _write(self, written: Written) -> None:
        component, cells = written.component, self._cells[written.component]
        for row, new in zip(written.rows, written.values):
            if row not in (self._generations if written.is_insert else cells):
                raise Breach(1007, f"a value of row {row}, which is not there")
            if written.is_insert:
                self._remove(component, row)
                self._changed("insert", row, component, None, new)
            elif new != cells[row]:
                self._changed("set", row, component, cells[row], new)
            cells[row] = new
