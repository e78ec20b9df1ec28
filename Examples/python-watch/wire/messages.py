"""Messages, batches and row sets: sections 6 to 8, 17 and 18 of docs/PROTOCOL.md, as far as its users need them.

What a client says is made by functions; what a server says is read by `read`, into one of the types below.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Union

from .primitives import MUST_BE_UNDERSTOOD, Breach, Reader, rows, section, string, varint

SUBPROTOCOL, VERSION = "orrery.v1", 1
MESSAGE_SIZE_MAX = 1048576
ENTITY_INDEX_MAX = 4194304
COMPONENT_COUNT_MAX = 1024
SUBSCRIPTION_COUNT_MAX = 64
REASON_SIZE_MAX = 1024
NAME_SIZE_MAX = 128
VALUE_SIZE_MAX = 262144
FIXED_SIZE_MAX = 16384
LIMIT_COUNT_MAX = MUTATION_PART_COUNT_MAX = 64

HELLO, SUBSCRIBE, UNSUBSCRIBE, ACKNOWLEDGE, MUTATE = range(1, 6)
WELCOME, SUBSCRIBE_RESPONSE, UNSUBSCRIBE_RESPONSE, SYNC_BATCH, HEARTBEAT, MUTATION_RESPONSE = range(0x81, 0x87)
RESUME = 2  # a section of Hello
ENTITIES, COMPONENTS = 1 | MUST_BE_UNDERSTOOD, 2 | MUST_BE_UNDERSTOOD  # of Subscribe
LIMITS, COMPONENT_TABLE, SCHEMA = 1, 2, 3  # of Welcome
WRITABLE, HAS_DEFAULT = 1, 2  # flags of an entry
# Of SyncBatch.
STARTED, DESPAWN, ENTER, SPAWN, REMOVE, INSERT, UPDATE, TABLE_CHANGE, ADDED_SCHEMA = 1, 2, 4, 5, 6, 7, 8, 10, 11
OPERATION_DESPAWN = 6 | MUST_BE_UNDERSTOOD  # of Mutate


class Entity(NamedTuple):
    index: int
    generation: int


# What a client says


class Selection(NamedTuple):
    """What a subscription asks for: of all entities or of some, all components or some, by number."""

    entities: Iterable[Entity] | None = None
    components: Iterable[int] | None = None

    def data(self) -> bytes:
        sections = []
        if self.entities is not None:
            listed = sorted(self.entities)
            generations = b"".join(struct.pack("<I", entity.generation) for entity in listed)
            content = rows([entity.index for entity in listed]) + generations if listed else b""
            sections.append(section(ENTITIES, content))
        if self.components is not None:
            numbers = sorted(set(self.components))
            sections.append(section(COMPONENTS, varint(len(numbers)) + b"".join(map(varint, numbers))))
        return b"".join(sections)


class Resume(NamedTuple):
    """Where a client was. `subscriptions`: by number, those that had started."""

    epoch: int
    tick: int
    subscriptions: dict[int, Selection]
    token: bytes = b""

    def data(self) -> bytes:
        parts = [struct.pack("<Q", self.epoch), varint(self.tick), varint(len(self.token)), self.token]
        parts.append(varint(len(self.subscriptions)))
        for number, selection in self.subscriptions.items():
            data = selection.data()
            parts += [varint(number), varint(len(data)), data]
        return b"".join(parts)


def hello(client_name: str, resume: Resume | None = None) -> bytes:
    sections = b"" if resume is None else section(RESUME, resume.data())
    return bytes([HELLO, VERSION, VERSION]) + string(client_name) + sections


def subscribe(subscription: int, selection: Selection) -> bytes:
    return bytes([SUBSCRIBE]) + varint(subscription) + selection.data()


def unsubscribe(subscription: int) -> bytes:
    return bytes([UNSUBSCRIBE]) + varint(subscription)


def acknowledge(tick: int, received: int) -> bytes:
    return bytes([ACKNOWLEDGE]) + varint(tick) + varint(received)


def mutate_despawn(sequence: int, epoch: int, entity: Entity) -> bytes:
    operation = section(OPERATION_DESPAWN, struct.pack("<II", *entity))
    return bytes([MUTATE]) + varint(sequence) + struct.pack("<Q", epoch) + operation


# What a server says


class Component(NamedTuple):
    """An entry of the component table. `size`: bytes of every value, None where they vary."""

    number: int
    name: str
    schema_hash: int
    size: int | None
    is_writable: bool
    default: bytes | None


class Welcome(NamedTuple):
    """`schemas`: the bytes of those that came along. `tick_rate`: ticks per second. `limits`: by their numbers."""

    epoch: int
    tick: int
    tick_rate: float
    limits: dict[int, int]
    components: list[Component]
    schemas: list[Reader]

    def numbers(self) -> dict[str, int]:
        """The number of each component, by name."""
        return {component.name: component.number for component in self.components}


class Response(NamedTuple):
    """The answer to Subscribe or Unsubscribe, as `kind` says. `code`: 0, or why not."""

    kind: int
    subscription: int
    code: int
    reason: str


class Batch(NamedTuple):
    """A part of a batch. `content`: its sections, for `batch_sections`."""

    tick: int
    base: int
    is_whole: bool
    part: int
    content: Reader


class Heartbeat(NamedTuple):
    tick: int
    is_current: bool


class MutationResponse(NamedTuple):
    outcomes: list[tuple[int, int]]  # the mutation's sequence, and its code


Message = Union[Welcome, Response, Batch, Heartbeat, MutationResponse]


def read(message: bytes) -> Message:
    """Raises `Breach`."""
    reader = Reader(message)
    kind = reader.unsigned(1)
    if kind not in _READERS:
        raise Breach(1002, f"a message of kind {kind}, which nobody asked for")
    return _READERS[kind](reader)


def _welcome(reader: Reader) -> Welcome:
    if reader.varint() != VERSION:
        raise Breach(1002, "a version that was not offered")
    epoch, tick, tick_rate = reader.unsigned(8), reader.varint(), reader.varint() / 1000
    limits: dict[int, int] = {}
    components: list[Component] = []
    schemas: list[Reader] = []
    for kind, content in reader.sections(range(LIMITS, SCHEMA + 1)):
        if kind == LIMITS:
            limits = {content.varint(): content.varint() for _ in range(content.count(LIMIT_COUNT_MAX, 2))}
            content.end()
        elif kind == COMPONENT_TABLE:
            components = _entries(content)
            content.end()
        else:
            schemas.append(content)
    # A client that takes less ends here, not at a message that it cannot know beforehand. (Numbers of section 7.)
    for number, own in ((2, MESSAGE_SIZE_MAX), (3, ENTITY_INDEX_MAX), (4, VALUE_SIZE_MAX), (5, REASON_SIZE_MAX)):
        if limits.get(number, 0) > own:
            raise Breach(1008, f"limit {number} of the server is {limits[number]}, this client takes {own}")
    return Welcome(epoch, tick, tick_rate, limits, components, schemas)


def _entries(reader: Reader) -> list[Component]:
    entries: list[Component] = []
    for _ in range(reader.count(COMPONENT_COUNT_MAX, 13)):
        entry = Reader(reader.take(reader.varint()))  # what a newer server says at its end is left
        number, name, schema_hash, form = entry.varint(), entry.string(NAME_SIZE_MAX), entry.unsigned(8), entry.varint()
        flags = entry.unsigned(1)
        if number >= COMPONENT_COUNT_MAX or form > FIXED_SIZE_MAX + 1:
            raise Breach(1008, f"component {number} of form {form}")
        if entries and number <= entries[-1].number:
            raise Breach(1007, "numbers of components that do not ascend")
        default = entry.take(entry.count(VALUE_SIZE_MAX, 1)) if flags & HAS_DEFAULT else None
        size = None if form == 0 else form - 1
        entries.append(Component(number, name, schema_hash, size, bool(flags & WRITABLE), default))
    if len({entry.name for entry in entries}) < len(entries):
        raise Breach(1002, "two components of one name")
    return entries


def _response(kind: int) -> Callable[[Reader], Response]:
    def read_response(reader: Reader) -> Response:
        subscription, code = reader.varint(), reader.unsigned(1)
        reason = reader.string(REASON_SIZE_MAX) if code else ""
        _skip_sections(reader)
        return Response(kind, subscription, code, reason)

    return read_response


def _batch(reader: Reader) -> Batch:
    tick, distance, is_whole, part = reader.varint(), reader.varint(), reader.flag(), reader.varint()
    if distance > tick:
        raise Breach(1007, "a base before tick 0")
    return Batch(tick, tick - distance, is_whole, part, reader)


def _heartbeat(reader: Reader) -> Heartbeat:
    heartbeat = Heartbeat(reader.varint(), reader.flag())
    _skip_sections(reader)
    return heartbeat


def _mutation_response(reader: Reader) -> MutationResponse:
    outcomes = [_outcome(reader) for _ in range(reader.count(MESSAGE_SIZE_MAX, 4))]
    if not outcomes:
        raise Breach(1007, "an answer to no mutation")
    _skip_sections(reader)
    return MutationResponse(outcomes)


def _outcome(reader: Reader) -> tuple[int, int]:
    sequence, code = reader.varint(), reader.unsigned(1)
    if code == 0:
        reader.varint()  # tick
        reader.take(8 * reader.count(MUTATION_PART_COUNT_MAX, 8))  # the entities that were made
    else:
        reader.string(REASON_SIZE_MAX)
        if reader.flag():
            reader.take(reader.count(VALUE_SIZE_MAX, 1))  # the value as it is
    return sequence, code


def _skip_sections(reader: Reader) -> None:
    for _ in reader.sections(range(0)):
        pass


_READERS: dict[int, Callable[[Reader], Message]] = {
    WELCOME: _welcome,
    SUBSCRIBE_RESPONSE: _response(SUBSCRIBE_RESPONSE),
    UNSUBSCRIBE_RESPONSE: _response(UNSUBSCRIBE_RESPONSE),
    SYNC_BATCH: _batch,
    HEARTBEAT: _heartbeat,
    MUTATION_RESPONSE: _mutation_response,
}


# What a batch says


class Started(NamedTuple):
    subscriptions: list[int]


class Despawned(NamedTuple):
    rows: list[int]


class Entered(NamedTuple):
    """Entities come into sight; `is_spawn`: they came to life after the base."""

    rows: list[int]
    generations: list[int]
    is_spawn: bool


class Removed(NamedTuple):
    component: int
    rows: list[int]


class Written(NamedTuple):
    """`is_insert`: the cells were not there at the base, or were taken away and came back."""

    component: int
    rows: list[int]
    values: list[bytes]
    is_insert: bool


class TableChanged(NamedTuple):
    """Components that are taken away, by number, and new ones."""

    removed: list[int]
    added: list[Component]


class AddedSchema(NamedTuple):
    schema: Reader


Section = Union[Started, Despawned, Entered, Removed, Written, TableChanged, AddedSchema]
_KNOWN = range(STARTED, ADDED_SCHEMA + 1)
_RESERVED = (3, 9)


def batch_sections(content: Reader, sizes: dict[int, int | None]) -> Iterator[Section]:
    """The sections of a part. `sizes`: by number of the component, the bytes of a value, None where they vary; it
    may change between two sections. Raises `Breach`."""
    for kind, reader in content.sections(_KNOWN):
        if kind in _RESERVED:
            continue
        yield _batch_section(kind, reader, sizes)
        if kind != ADDED_SCHEMA:
            reader.end()


def _batch_section(kind: int, reader: Reader, sizes: dict[int, int | None]) -> Section:
    if kind == TABLE_CHANGE:
        removed = [reader.varint() for _ in range(reader.count(COMPONENT_COUNT_MAX, 1))]
        return TableChanged(removed, _entries(reader))
    if kind == ADDED_SCHEMA:
        return AddedSchema(reader)
    if kind == STARTED:
        return Started([reader.varint() for _ in range(reader.count(SUBSCRIPTION_COUNT_MAX, 1))])
    if kind == DESPAWN:
        return Despawned(_rows(reader))
    if kind in (ENTER, SPAWN):
        entered = _rows(reader)
        return Entered(entered, [reader.unsigned(4) for _ in entered], kind == SPAWN)
    component = reader.varint()
    if component not in sizes:
        raise Breach(1007, "a component that is not in the table")
    written = _rows(reader)
    if kind == REMOVE:
        return Removed(component, written)
    return Written(component, written, _values(reader, len(written), sizes[component]), kind == INSERT)


def _values(reader: Reader, count: int, size: int | None) -> list[bytes]:
    sizes = [reader.varint() if size is None else size for _ in range(count)]
    if max(sizes) > VALUE_SIZE_MAX:
        raise Breach(1008, "a value that is too long")
    return [reader.take(size) for size in sizes]


def _rows(reader: Reader) -> list[int]:
    """Section "Rows"."""
    form, count, found = reader.unsigned(1), reader.varint(), []
    if form == 0:
        if count > reader.left:
            raise Breach(1007, "more rows than bytes")
        row = -1
        for _ in range(count):
            row += reader.varint() + 1
            found.append(row)
    elif form == 1:
        start, bits = reader.varint() * 8, reader.take(reader.varint())
        if not bits or not bits[0] or not bits[-1]:
            raise Breach(1007, "a bitmap that is not canonical")
        found = [start + 8 * at + bit for at, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1]
    if not found or len(found) != count:
        raise Breach(1007, "rows that are not what their count says")
    if found[-1] >= ENTITY_INDEX_MAX:
        raise Breach(1008, "a row beyond the last")
    return found
