"""The hash of what a query shows: section 19 of docs/PROTOCOL.md. Add up the items, and take the sum modulo 2^64."""

from __future__ import annotations

MODULUS = 1 << 64
NO_ENTITY = 0xFFFFFFFF, 0  # whose cell a resource is


def member(index: int, generation: int) -> int:
    return _mix(_mix(generation << 32 | index) ^ (MODULUS - 1))


def cell(index: int, generation: int, component: int, value: bytes) -> int:
    mixed = _mix(_mix(generation << 32 | index) ^ (component << 32 | len(value)))
    for start in range(0, len(value), 8):
        mixed = _mix(mixed ^ int.from_bytes(value[start : start + 8], "little"))
    return mixed


def _mix(word: int) -> int:
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % MODULUS
    word = (word ^ word >> 27) * 0x94D049BB133111EB % MODULUS
    return word ^ word >> 31
