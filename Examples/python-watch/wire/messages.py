"""Messages, batches and row sets: sections 6 to 8, 17 and 18 of docs/PROTOCOL.md, as far as its users need them.

What a client says is made by functions; what a server says is read by `read`, into one of the types below.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Union

from .primitives import MUST_BE_UNDERSTOOD, Breach, Reader, rows, section, string, varint
from .values import DEPTH_MAX

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

HELLO, SUBSCRIBE, UNSUBSCRIBE, ACKNOWLEDGE, MUTATE, QUERY, QUERY_CANCEL, VERIFY, RESTART_QUERY, REPLACE = range(1, 11)
WELCOME, SUBSCRIBE_RESPONSE, UNSUBSCRIBE_RESPONSE, SYNC_BATCH = range(0x81, 0x85)
HEARTBEAT, MUTATION_RESPONSE, QUERY_RESPONSE, VERIFY_RESPONSE = range(0x85, 0x89)
LANE = 0  # the only one of this version
RESUME = 2  # a section of Hello
ENTITIES, TEXT = 1 | MUST_BE_UNDERSTOOD, 2 | MUST_BE_UNDERSTOOD  # of Subscribe and Query
AT_LEAST, EXPLAIN = 3 | MUST_BE_UNDERSTOOD, 4 | MUST_BE_UNDERSTOOD  # of Query
LIMITS, COMPONENT_TABLE, SCHEMA = 1, 2, 3  # of Welcome
WRITABLE, HAS_DEFAULT, IS_RESOURCE, IS_STATUS, IS_SPATIAL = 1, 2, 4, 8, 16  # flags of an entry
GRANTED_QUERY, QUERY_ERROR = 1, 2  # of SubscribeResponse
ANSWER = 1  # of QueryResponse, beside QUERY_ERROR, ENTER and INSERT
TELLS_MEMBERS, SHOWS_ALL, IS_OF_RESOURCE, IS_OF_STATUS = 1, 2, 4, 8  # flags of a granted query
# Of SyncBatch.
STARTED, DESPAWN, LEAVE, ENTER, SPAWN, REMOVE, INSERT, UPDATE = range(1, 9)
TABLE_CHANGE, ADDED_SCHEMA, JOIN, RESTART, EXTENT, CENTRE = range(10, 16)
OPERATION_DESPAWN = 6 | MUST_BE_UNDERSTOOD  # of Mutate


class Entity(NamedTuple):
    index: int
    generation: int


# What a client says


class Query(NamedTuple):
    """What a subscription asks for: a text of docs/QUERIES.md, of all entities or of listed ones. With a list the text
    may be empty, for everything of these entities."""

    text: str = "*"
    entities: Iterable[Entity] | None = None

    def data(self) -> bytes:
        sections = []
        if self.entities is not None:
            listed = sorted(self.entities)
            generations = b"".join(struct.pack("<I", entity.generation) for entity in listed)
            content = rows([entity.index for entity in listed]) + generations if listed else b""
            sections.append(section(ENTITIES, content))
        if self.text:
            sections.append(section(TEXT, self.text.encode()))
        return b"".join(sections)


class Resume(NamedTuple):
    """Where a client was. `subscriptions`: by number, those that had started."""

    epoch: int
    tick: int
    subscriptions: dict[int, Query]
    token: bytes = b""

    def data(self) -> bytes:
        parts = [struct.pack("<Q", self.epoch), varint(LANE), varint(self.tick), varint(len(self.token)), self.token]
        parts.append(varint(len(self.subscriptions)))
        for number, query in self.subscriptions.items():
            data = query.data()
            parts += [varint(number), varint(len(data)), data]
        return b"".join(parts)


def hello(client_name: str, resume: Resume | None = None) -> bytes:
    sections = b"" if resume is None else section(RESUME, resume.data())
    return bytes([HELLO, VERSION, VERSION]) + string(client_name) + sections


def subscribe(subscription: int, query: Query) -> bytes:
    return bytes([SUBSCRIBE]) + varint(subscription) + query.data()


def replace(old: int, new: int, query: Query) -> bytes:
    return bytes([REPLACE]) + varint(new) + varint(old) + query.data()


def unsubscribe(subscription: int) -> bytes:
    return bytes([UNSUBSCRIBE]) + varint(subscription)


def acknowledge(tick: int, received: int) -> bytes:
    return bytes([ACKNOWLEDGE]) + varint(LANE) + varint(tick) + varint(received)


def query(number: int, asked: Query, at_least: int = 0, explain: bool = False) -> bytes:
    sections = section(AT_LEAST, varint(at_least)) if at_least else b""
    return bytes([QUERY]) + varint(number) + asked.data() + sections + (section(EXPLAIN, b"") if explain else b"")


def cancel_query(number: int) -> bytes:
    return bytes([QUERY_CANCEL]) + varint(number)


def verify(number: int) -> bytes:
    return bytes([VERIFY]) + varint(number)


def restart(number: int) -> bytes:
    return bytes([RESTART_QUERY]) + varint(number)


def mutate_despawn(sequence: int, epoch: int, entity: Entity) -> bytes:
    operation = section(OPERATION_DESPAWN, struct.pack("<II", *entity))
    return bytes([MUTATE]) + varint(sequence) + struct.pack("<Q", epoch) + operation


# What a server says


class Coordinates(NamedTuple):
    """Where a component says where an entity is: the positions of the fields that lead there; and the length of the
    cells of the server's grid."""

    path: list[int]
    cell_size: float


class Component(NamedTuple):
    """An entry of the component table. `size`: bytes of every value, None where they vary. A resource has row 0 alone,
    which is no entity's; the rows of status, with which a server shows itself, are none either."""

    number: int
    name: str
    schema_hash: int
    size: int | None
    is_writable: bool
    is_resource: bool
    default: bytes | None
    is_status: bool = False
    coordinates: Coordinates | None = None


class Welcome(NamedTuple):
    """`schemas`: the bytes of those that came along. `tick_rate`: ticks per second. `limits`: by their numbers."""

    epoch: int
    tick: int
    tick_rate: float
    limits: dict[int, int]
    components: list[Component]
    schemas: list[Reader]


class GrantedQuery(NamedTuple):
    """`shown`: the components that it shows of its members, None for all. `tells_members`: batches say who is a member;
    if not, who has one of the shown components is, or everyone where all are shown. One of a resource shows it alone,
    and its only member is row 0; the members of one of status are rows, and no entities."""

    number: int
    shown: list[int] | None
    tells_members: bool
    is_of_resource: bool = False
    is_of_status: bool = False


class QueryError(NamedTuple):
    """What is wrong with a text, for programs: the reason of the answer says the same to people. `kind`: from 1, as the
    page counts them. `column`: in Unicode scalars, from 1. `nearest`: the name that was probably meant, or empty."""

    kind: int
    column: int
    expected: str
    nearest: str


class Response(NamedTuple):
    """The answer to Subscribe or Unsubscribe, as `kind` says. `code`: 0, or why not. Only answers to Subscribe have
    `query`, where it is granted, and perhaps `error`, where it is not."""

    kind: int
    subscription: int
    code: int
    reason: str
    query: GrantedQuery | None = None
    error: QueryError | None = None


class Batch(NamedTuple):
    """A part of a batch. `content`: its sections, for `batch_sections`."""

    tick: int
    base: int
    is_whole: bool
    asks_to_acknowledge: bool
    part: int
    content: Reader


class Heartbeat(NamedTuple):
    tick: int
    is_current: bool


class MutationResponse(NamedTuple):
    outcomes: list[tuple[int, int]]  # the mutation's sequence, and its code


class AnswerHead(NamedTuple):
    """What the first part says of an answer. `shown`: as of a granted query."""

    entity_count: int
    row_count: int
    node_count: int
    total: int
    begins_at_its_entity: bool
    shown: list[int] | None


class QueryResponse(NamedTuple):
    """A part of an answer, of the state at `tick`, or why there is none. `content`: all of its sections, for
    `answer_sections`."""

    query: int
    code: int
    reason: str
    tick: int = 0
    is_last: bool = True
    head: AnswerHead | None = None
    error: QueryError | None = None
    content: bytes = b""


class VerifyResponse(NamedTuple):
    """The hash of what the query of a subscription shows at `tick`, of so many items, or why there is none."""

    subscription: int
    code: int
    reason: str
    tick: int = 0
    hash: int = 0
    item_count: int = 0


Message = Union[Welcome, Response, Batch, Heartbeat, MutationResponse, QueryResponse, VerifyResponse]


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


def _coordinates(entry: Reader) -> Coordinates:
    path = [entry.varint() for _ in range(entry.count(DEPTH_MAX, 1))]
    (cell_size,) = struct.unpack("<d", entry.take(8))
    if not 1e-100 <= cell_size <= 1e100:
        raise Breach(1007, f"cells of the size {cell_size}")
    return Coordinates(path, cell_size)


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
        is_writable, is_resource = bool(flags & WRITABLE), bool(flags & IS_RESOURCE)
        is_status = bool(flags & IS_STATUS)
        place = _coordinates(entry) if flags & IS_SPATIAL else None
        entries.append(Component(number, name, schema_hash, size, is_writable, is_resource, default, is_status, place))
    if len({entry.name for entry in entries}) < len(entries):
        raise Breach(1002, "two components of one name")
    return entries


def _subscribe_response(reader: Reader) -> Response:
    response = _answer(SUBSCRIBE_RESPONSE, reader)
    for kind, content in reader.sections(range(GRANTED_QUERY, QUERY_ERROR + 1)):
        if kind == GRANTED_QUERY:
            response = response._replace(query=_granted_query(content))
        else:
            response = response._replace(error=_query_error(content))
        content.end()
    if response.code == 0 and response.query is None:
        raise Breach(1007, "a subscription is granted, and its query is not described")
    return response


def _unsubscribe_response(reader: Reader) -> Response:
    response = _answer(UNSUBSCRIBE_RESPONSE, reader)
    _skip_sections(reader)
    return response


def _answer(kind: int, reader: Reader) -> Response:
    subscription, code = reader.varint(), reader.unsigned(1)
    return Response(kind, subscription, code, reader.string(REASON_SIZE_MAX) if code else "")


def _query_error(reader: Reader) -> QueryError:
    return QueryError(
        reader.unsigned(1), reader.varint(), reader.string(REASON_SIZE_MAX), reader.string(REASON_SIZE_MAX)
    )


def _granted_query(reader: Reader) -> GrantedQuery:
    number = reader.varint()
    _lane(reader)
    flags, shown = _shown(reader, TELLS_MEMBERS)
    return GrantedQuery(
        number, shown, bool(flags & TELLS_MEMBERS), bool(flags & IS_OF_RESOURCE), bool(flags & IS_OF_STATUS)
    )


def _shown(reader: Reader, known: int) -> tuple[int, list[int] | None]:
    flags = reader.unsigned(1)
    form = flags & ~known
    if form not in (0, SHOWS_ALL, IS_OF_RESOURCE, IS_OF_STATUS):
        raise Breach(1007, "unknown flags of a query")
    if form == IS_OF_RESOURCE:
        return flags, [reader.varint()]
    return flags, None if form == SHOWS_ALL else _component_numbers(reader)


def _component_numbers(reader: Reader) -> list[int]:
    numbers = [reader.varint() for _ in range(reader.count(COMPONENT_COUNT_MAX, 1))]
    if numbers != sorted(set(numbers)):
        raise Breach(1007, "numbers of components that do not ascend")
    if numbers and numbers[-1] >= COMPONENT_COUNT_MAX:
        raise Breach(1008, f"component {numbers[-1]}")
    return numbers


def _lane(reader: Reader) -> None:
    if (lane := reader.varint()) != LANE:
        raise Breach(1002, f"there is no lane {lane}")


def _batch(reader: Reader) -> Batch:
    _lane(reader)
    tick, distance, end, part = reader.varint(), reader.varint(), reader.unsigned(1), reader.varint()
    if distance > tick:
        raise Breach(1007, "a base before tick 0")
    if end not in (0, 1, 3):
        raise Breach(1007, f"the end of a batch is {end}, not 0, 1 or 3")
    return Batch(tick, tick - distance, end != 0, end != 3, part, reader)


def _heartbeat(reader: Reader) -> Heartbeat:
    _lane(reader)
    heartbeat = Heartbeat(reader.varint(), reader.flag())
    _skip_sections(reader)
    return heartbeat


def _mutation_response(reader: Reader) -> MutationResponse:
    outcomes = [_outcome(reader) for _ in range(reader.count(MESSAGE_SIZE_MAX, 4))]
    if not outcomes:
        raise Breach(1007, "an answer to no mutation")
    _skip_sections(reader)
    return MutationResponse(outcomes)


def _query_response(reader: Reader) -> QueryResponse:
    number, code = reader.varint(), reader.unsigned(1)
    if code:
        response = QueryResponse(number, code, reader.string(REASON_SIZE_MAX))
        for _, content in reader.sections(range(QUERY_ERROR, QUERY_ERROR + 1)):
            response = response._replace(error=_query_error(content))
            content.end()
        return response
    response = QueryResponse(number, code, "", reader.varint(), reader.flag(), content=reader.take(reader.left))
    for kind, content in Reader(response.content).sections(_OF_ANSWER):
        if kind == ANSWER:
            counts = content.varint(), content.varint(), content.varint(), content.varint()
            response = response._replace(head=AnswerHead(*counts, content.flag(), _shown(content, 0)[1]))
            content.end()
    return response


def _verify_response(reader: Reader) -> VerifyResponse:
    number, code = reader.varint(), reader.unsigned(1)
    if code:
        response = VerifyResponse(number, code, reader.string(REASON_SIZE_MAX))
    else:
        response = VerifyResponse(number, code, "", reader.varint(), reader.unsigned(8), reader.varint())
    _skip_sections(reader)
    return response


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
    SUBSCRIBE_RESPONSE: _subscribe_response,
    UNSUBSCRIBE_RESPONSE: _unsubscribe_response,
    SYNC_BATCH: _batch,
    HEARTBEAT: _heartbeat,
    MUTATION_RESPONSE: _mutation_response,
    QUERY_RESPONSE: _query_response,
    VERIFY_RESPONSE: _verify_response,
}


# What a batch says


class Started(NamedTuple):
    subscriptions: list[int]


class Despawned(NamedTuple):
    rows: list[int]


class Left(NamedTuple):
    """Entities that left a query, and live on."""

    query: int
    rows: list[int]


class Entered(NamedTuple):
    """Entities come into sight; `is_spawn`: they came to life after the base."""

    rows: list[int]
    generations: list[int]
    is_spawn: bool


class Joined(NamedTuple):
    """Entities that became members of a query."""

    query: int
    rows: list[int]


class Restarted(NamedTuple):
    """What is known of a query's members is void: those that join from here on are all."""

    query: int


class Extent(NamedTuple):
    """How many match a query with a window, of whom the members are a part; and whether the window begins at the
    entity that its text names."""

    query: int
    total: int
    begins_at_its_entity: bool


class Centre(NamedTuple):
    """Whether the entity in the centre of a query's region is gone, hidden or nowhere: the region stays where that
    was."""

    query: int
    is_lost: bool


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


Section = Union[
    Started, Despawned, Left, Entered, Joined, Restarted, Extent, Centre, Removed, Written, TableChanged, AddedSchema
]  # fmt: skip
_KNOWN = range(STARTED, CENTRE + 1)
_RESERVED = 9


def batch_sections(content: Reader, sizes: dict[int, int | None]) -> Iterator[Section]:
    """The sections of a part. `sizes`: by number of the component, the bytes of a value, None where they vary; it
    may change between two sections. Raises `Breach`."""
    for kind, reader in content.sections(_KNOWN):
        if kind == _RESERVED:
            continue
        yield _batch_section(kind, reader, sizes)
        if kind != ADDED_SCHEMA:
            reader.end()


_OF_ANSWER = (ANSWER, ENTER, INSERT)


def answer_sections(content: bytes, sizes: dict[int, int | None]) -> Iterator[Section]:
    """The entities and values of a part of an answer, as `batch_sections` gives them. Raises `Breach`."""
    for kind, reader in Reader(content).sections(_OF_ANSWER):
        if kind != ANSWER:
            yield _batch_section(kind, reader, sizes)
            reader.end()


def _batch_section(kind: int, reader: Reader, sizes: dict[int, int | None]) -> Section:
    if kind == TABLE_CHANGE:
        return TableChanged(_component_numbers(reader), _entries(reader))
    if kind == ADDED_SCHEMA:
        return AddedSchema(reader)
    if kind == STARTED:
        return Started([reader.varint() for _ in range(reader.count(SUBSCRIPTION_COUNT_MAX, 1))])
    if kind == DESPAWN:
        return Despawned(_rows(reader))
    if kind == LEAVE:
        return Left(reader.varint(), _rows(reader))
    if kind == JOIN:
        return Joined(reader.varint(), _rows(reader))
    if kind == RESTART:
        return Restarted(reader.varint())
    if kind == EXTENT:
        return Extent(reader.varint(), reader.varint(), reader.flag())
    if kind == CENTRE:
        return Centre(reader.varint(), reader.flag())
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
