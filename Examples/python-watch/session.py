"""What a client knows, without I/O: messages in, messages and changes out. Sections 8 to 11 of docs/PROTOCOL.md."""

from __future__ import annotations

from dataclasses import dataclass

from wire.messages import (
    SUBSCRIBE_RESPONSE, AddedSchema, Batch, Centre, Component, Despawned, Entered, Extent, GrantedQuery, Heartbeat,
    Joined, Left, Query, Removed, Response, Restarted, Section, Started, TableChanged, Welcome, Written, acknowledge,
    batch_sections, hello, read, subscribe,
)  # fmt: skip
from wire.primitives import Breach, Reader
from wire.values import Schema

STAGED_SIZE_MAX = 268435456
SUBSCRIPTION = 1
RESOURCE_ROW, NO_ENTITY = 0, -1  # in the place of an entity's index and generation
STATUS_GENERATION = 0  # of what the server shows of itself: rows that are no entities


class Refused(Exception):
    """The server refuses the subscription, for instance since the world has nothing of that name."""


@dataclass
class Change:
    """What happened: spawn, enter, despawn, leave; or remove, insert, set, leave of a component of an entity.

    `generation`: NO_ENTITY for a resource. `schema`: None where its bytes cannot be read."""

    kind: str
    index: int
    generation: int
    schema: Schema | None = None
    old: bytes | None = None
    new: bytes | None = None
    component: str | None = None


class Session:
    """The client's side of one connection, with one subscription.

    With several, an entity that left one query would keep the cells that another one shows."""

    def __init__(self, client_name: str, text: str) -> None:
        self._text = text
        self._schemas: dict[int, Schema] = {}  # by hash
        self._table: dict[int, Component] = {}
        self._is_welcome = False
        self._query: GrantedQuery | None = None
        self._members: set[int] = set()  # by row, where the server tells who is one
        self._touched: set[int] = set()  # rows that may go out of sight with the batch
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
        self._outgoing.append(subscribe(SUBSCRIPTION, Query(self._text)))

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
        if response.kind != SUBSCRIBE_RESPONSE or response.subscription != SUBSCRIPTION:
            raise Breach(1002, "an answer to what nobody asked")
        if response.code:
            # Also later: a query that costs too much ends.
            raise Refused(f"the server refuses the subscription ({response.code}): {response.reason}")
        if self._query is not None:
            raise Breach(1002, "a second answer")
        self._query = response.query

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
        if batch.asks_to_acknowledge:
            self._acknowledge()

    def _apply(self) -> None:
        parts, self._staged, self._staged_size = self._staged, [], 0
        sizes = {number: component.size for number, component in self._table.items()}
        for part in parts:
            for section in batch_sections(part.content, sizes):
                self._section(section)
                if isinstance(section, TableChanged):
                    sizes.clear()
                    sizes.update((number, component.size) for number, component in self._table.items())
        if self._members and not self.is_started:
            raise Breach(1002, "members of a query that has not started")
        # Only now: who left may have joined again, and who lost a component may have got another one.
        touched, self._touched = self._touched, set()
        for row in sorted(touched):
            if row in self._generations and not self._is_in_sight(row):
                self._erase(row, "leave")

    def _is_in_sight(self, row: int) -> bool:
        """Whether an entity is kept: as a member, if the server tells who is one, else as long as it has a cell. Who
        watches everything keeps all entities."""
        query = self._query
        if query is not None and query.tells_members:
            return row in self._members
        shows_all = query is not None and query.shown is None
        return shows_all or any(row in cells for cells in self._cells.values())

    def _section(self, section: Section) -> None:
        if isinstance(section, Started):
            if self._query is None or any(number != SUBSCRIPTION for number in section.subscriptions):
                raise Breach(1002, "a subscription starts that nobody asked for")
            self.is_started = True
        elif isinstance(section, Despawned):
            for row in section.rows:
                self._erase(row, "despawn")
        elif isinstance(section, (Left, Joined, Restarted)):
            self._move(section)
        elif isinstance(section, (Extent, Centre)):
            if self._query is None or not self._query.tells_members or section.query != self._query.number:
                raise Breach(1002, f"of query {section.query}, which nobody asked for")
        elif isinstance(section, Entered):
            for row, generation in zip(section.rows, section.generations):
                self._stand(row, generation, "spawn" if section.is_spawn else "enter")
        elif isinstance(section, Removed):
            self._check_rows(section)
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

    def _check_rows(self, section: Removed | Written) -> None:
        if self._table[section.component].is_resource and list(section.rows) != [RESOURCE_ROW]:
            raise Breach(1007, "a row of a resource that is not its only one")

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

    def _move(self, section: Left | Joined | Restarted) -> None:
        """Who is a member of the query, if the server tells it."""
        if self._query is None or not self._query.tells_members or section.query != self._query.number:
            raise Breach(1002, f"members of query {section.query}, which nobody asked for")
        if isinstance(section, Joined):
            possible = {RESOURCE_ROW} if self._query.is_of_resource else self._generations.keys()
            if not self._query.is_of_status and not possible >= set(section.rows):
                raise Breach(1007, "an entity joins that has not entered")
            self._members.update(section.rows)
        elif isinstance(section, Left):
            self._members.difference_update(section.rows)
            self._touched.update(section.rows)
        else:
            # All of it at once: the values that follow are a first state, and say all that there is.
            for row in sorted(self._members):
                for component in self._table:
                    self._remove(component, row, "leave")
            self._touched |= self._members
            self._members = set()

    def _erase(self, row: int, kind: str) -> None:
        if row in self._generations:
            self._changed(kind, row)
            del self._generations[row]
            self._members.discard(row)
            for cells in self._cells.values():
                cells.pop(row, None)

    def _stand(self, row: int, generation: int, kind: str) -> None:
        if self._generations.get(row) != generation:
            self._erase(row, "despawn")
            self._generations[row] = generation
            self._changed(kind, row)

    def _remove(self, component: int, row: int, kind: str = "remove") -> None:
        if row in self._cells[component]:
            self._changed(kind, row, component)
            del self._cells[component][row]
            self._touched.add(row)

    def _write(self, written: Written) -> None:
        self._check_rows(written)
        component, cells = written.component, self._cells[written.component]
        if written.is_insert and (self._table[component].is_resource or self._table[component].is_status):
            generation = NO_ENTITY if self._table[component].is_resource else STATUS_GENERATION
            for row in written.rows:
                self._stand(row, generation, "enter")
        for row, new in zip(written.rows, written.values):
            if row not in (self._generations if written.is_insert else cells):
                raise Breach(1007, f"a value of row {row}, which is not there")
            old = cells.get(row)
            if old != new:
                self._changed("insert" if old is None else "set", row, component, old, new)
                cells[row] = new
