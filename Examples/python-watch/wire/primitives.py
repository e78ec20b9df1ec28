"""Bytes: section 3 of docs/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Container, Iterator


class Breach(Exception):
    """The other side breaks the rules, of WebSockets or of the protocol: close with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def string(text: str) -> bytes:
    data = text.encode()
    return varint(len(data)) + data


# Added to the number of a section that its reader must know to act on the message.
MUST_BE_UNDERSTOOD = 0x80


def section(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + varint(len(content)) + content


def rows(ascending: list[int]) -> bytes:
    """A row set, as deltas. Section "Rows"."""
    out, following = [b"\0", varint(len(ascending))], 0
    for row in ascending:
        out.append(varint(row - following))
        following = row + 1
    return b"".join(out)


class Reader:
    """Takes primitives from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise Breach(1007, "bytes that end early")
        self._at += size
        return self._data[self._at - size : self._at]

    def end(self) -> None:
        if self.left:
            raise Breach(1007, f"{self.left} bytes too many")

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def varint(self) -> int:
        number = 0
        for position, byte in enumerate(self._data[self._at : self._at + 10]):
            number |= (byte & 0x7F) << (7 * position)
            if byte < 0x80:
                if (byte == 0 and position > 0) or number >= 1 << 64:
                    break
                self._at += position + 1
                return number
        raise Breach(1007, "a varint that ends early or is not canonical")

    def flag(self) -> bool:
        byte = self.unsigned(1)
        if byte > 1:
            raise Breach(1007, f"a flag of {byte}")
        return byte == 1

    def count(self, count_max: int, size_min: int) -> int:
        """A number of items that take at least so many bytes each."""
        count = self.varint()
        if count > count_max:
            raise Breach(1008, f"{count} items, where {count_max} are the most")
        if count * size_min > self.left:
            raise Breach(1007, "more items than bytes")
        return count

    def string(self, size_max: int) -> str:
        try:
            return self.take(self.count(size_max, 1)).decode()
        except UnicodeDecodeError:
            raise Breach(1007, "a string that is not UTF-8") from None

    def sections(self, known: Container[int]) -> Iterator[tuple[int, Reader]]:
        """The number and content of those that are known; the others are skipped, if they may be."""
        while self.left:
            kind = self.unsigned(1)
            number, content = kind & 0x7F, Reader(self.take(self.varint()))
            if number == 0:
                raise Breach(1007, "section 0")
            if number in known:
                yield number, content
            elif kind & MUST_BE_UNDERSTOOD:
                raise Breach(4006, f"section {number} must be understood, and is not known here")
