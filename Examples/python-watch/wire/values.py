"""Schemas and values: sections 4 and 5 of docs/PROTOCOL.md."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .primitives import Breach, Reader

NAME_SIZE_MAX, TEXT_SIZE_MAX = 128, 4096
DEPTH_MAX, FIELD_COUNT_MAX, CASE_COUNT_MAX = 16, 256, 65536
SCHEMA_SIZE_MAX, FIXED_SIZE_MAX = 65536, 16384
PART_COUNT_MAX = 1048576

SCALAR, VECTOR, ENTITY, ENUMERATION, STRING, STRUCTURE, OPTIONAL, ARRAY, SET, DICTIONARY, UNION = range(1, 12)
BOOL, FLOAT, DOUBLE = 0, 9, 10
# By scalar type: how `struct` reads it.
SCALARS = ["<B", "<b", "<h", "<i", "<q", "<B", "<H", "<I", "<Q", "<f", "<d"]
NO_ENTITY = (0xFFFFFFFF, 0)


@dataclass(frozen=True)
class Type:
    """One type of a schema. `size` is that of its values in bytes, None where it varies."""

    tag: int
    size: int | None
    scalar: int = 0
    lanes: int = 1
    names: tuple[str, ...] = ()  # of fields or cases
    inner: tuple[Type, ...] = ()  # of fields, value, elements, or keys and values; per case a structure


class Schema:
    """One component's name and type."""

    def __init__(self, reader: Reader) -> None:
        if reader.left > SCHEMA_SIZE_MAX:
            raise Breach(1008, "a schema that is too long")
        data = reader.take(reader.left)
        self.hash = 0xCBF29CE484222325
        for byte in data:
            self.hash = (self.hash ^ byte) * 0x100000001B3 % (1 << 64)
        reader = Reader(data)
        self.name = reader.string(NAME_SIZE_MAX)
        reader.string(TEXT_SIZE_MAX)  # documentation
        self.type = _type(reader, 1)
        reader.end()
        if self.type.size is not None and self.type.size > FIXED_SIZE_MAX:
            raise Breach(1008, f"values of {self.type.size} bytes")

    def value(self, data: bytes) -> Any:
        """The value in plain Python; bytes that are none are shown as they are."""
        reader = Reader(data)
        try:
            value = _Decoder(reader).value(self.type)
            reader.end()
            return value
        except Breach:
            return Undecodable(data.hex())


class Undecodable(str):
    """The hexadecimal bytes of what is no value of its type."""


def _refuse(reason: str) -> NoReturn:
    raise Breach(1007, reason)


def _type(reader: Reader, depth: int) -> Type:
    if depth > DEPTH_MAX:
        raise Breach(1008, "types that are nested too deep")
    tag = reader.unsigned(1)
    if tag in (SCALAR, VECTOR):
        scalar = reader.unsigned(1)
        lanes = reader.unsigned(1) if tag == VECTOR else 1
        if scalar >= len(SCALARS) or (tag == VECTOR and (scalar == BOOL or lanes not in (2, 3, 4))):
            _refuse("an unknown scalar or vector")
        return Type(tag, struct.calcsize(SCALARS[scalar]) * lanes, scalar, lanes)
    if tag == ENTITY:
        return Type(tag, 8)
    if tag == STRING:
        return Type(tag, None)
    if tag == ENUMERATION:
        names = []
        for _ in range(reader.count(CASE_COUNT_MAX, 2) or _refuse("an enumeration without cases")):
            names.append(reader.string(NAME_SIZE_MAX))
            if reader.flag():
                reader.string(TEXT_SIZE_MAX)  # raw value
        return Type(tag, 0 if len(names) == 1 else 1 if len(names) <= 256 else 2, names=tuple(names))
    if tag == STRUCTURE:
        return _fields(reader, depth)
    if tag in (OPTIONAL, ARRAY, SET):
        return Type(tag, None, inner=(_type(reader, depth + 1),))
    if tag == DICTIONARY:
        return Type(tag, None, inner=(_type(reader, depth + 1), _type(reader, depth + 1)))
    if tag == UNION:
        count = reader.count(FIELD_COUNT_MAX, 2) or _refuse("a union without cases")
        cases = [(reader.string(NAME_SIZE_MAX), _fields(reader, depth)) for _ in range(count)]
        return Type(tag, None, names=tuple(name for name, _ in cases), inner=tuple(case for _, case in cases))
    _refuse(f"an unknown type {tag}")


def _fields(reader: Reader, depth: int) -> Type:
    names, types = [], []
    for _ in range(reader.count(FIELD_COUNT_MAX, 4)):
        names.append(reader.string(NAME_SIZE_MAX))
        types.append(_type(reader, depth + 1))
        flags = reader.unsigned(1)
        if flags > 7:
            _refuse("unknown flags of a field")
        if flags & 1:
            reader.string(TEXT_SIZE_MAX)  # unit
        if flags & 2:
            reader.take(16)  # range
        if flags & 4:
            reader.string(TEXT_SIZE_MAX)  # documentation
    sizes = [type.size for type in types]
    size = None if None in sizes else sum(size or 0 for size in sizes)
    return Type(STRUCTURE, size, names=tuple(names), inner=tuple(types))


@dataclass
class _Decoder:
    """Reads one value. What it has many of is counted, since some elements take no bytes."""

    reader: Reader
    parts_left: int = field(default=PART_COUNT_MAX)

    def value(self, type: Type) -> Any:
        self.parts_left -= 1
        if self.parts_left < 0:
            raise Breach(1008, "a value of too many parts")
        reader, tag = self.reader, type.tag
        if tag == SCALAR:
            return self._scalar(type.scalar)
        if tag == VECTOR:
            return [self._scalar(type.scalar) for _ in range(type.lanes)]
        if tag == ENTITY:
            index, generation = reader.unsigned(4), reader.unsigned(4)
            return None if (index, generation) == NO_ENTITY else f"{index}v{generation}"
        if tag == ENUMERATION:
            return self._case(type, reader.unsigned(type.size or 0))
        if tag == STRING:
            return reader.string(reader.left)
        if tag == STRUCTURE:
            return {name: self.value(inner) for name, inner in zip(type.names, type.inner)}
        if tag == OPTIONAL:
            return self.value(type.inner[0]) if reader.flag() else None
        if tag in (ARRAY, SET):
            return [self.value(type.inner[0]) for _ in range(reader.count(PART_COUNT_MAX, 0))]
        if tag == DICTIONARY:
            pairs = [[self.value(inner) for inner in type.inner] for _ in range(reader.count(PART_COUNT_MAX, 0))]
            return dict(pairs) if type.inner[0].tag in (STRING, ENUMERATION) else pairs
        position = reader.varint()
        return {self._case(type, position): self.value(type.inner[position])}

    def _scalar(self, scalar: int) -> Any:
        if scalar == BOOL:
            return self.reader.flag()
        form = SCALARS[scalar]
        data = self.reader.take(struct.calcsize(form))
        (number,) = struct.unpack(form, data)
        if scalar != FLOAT:
            return number
        # The shortest decimal that is this float, as 0.1 and not 0.10000000149011612.
        texts = (float(f"{number:.{digits}g}") for digits in (6, 7, 8))
        return next((short for short in texts if _is_float(short, data)), number)

    def _case(self, type: Type, position: int) -> str:
        return type.names[position] if position < len(type.names) else _refuse("a case beyond the last")


def _is_float(number: float, data: bytes) -> bool:
    try:
        return struct.pack("<f", number) == data
    except OverflowError:
        return False
