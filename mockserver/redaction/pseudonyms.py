"""Pseudonyms: stable replacements of the same form. Without the salt nobody can find the original values."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Iterator

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")
_INSTANCE = re.compile(r"([0-9a-f]{32})((?:in|no|gr)\d\d(?:\.[a-z]+)?)")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_VERSION, _VARIANT = 14, 19  # positions in a UUID
_ATTEMPTS = 64
_POOLS = {2: (0xE0, 0xF6), 3: (0x4E00, 0x9FA5), 4: (0x20000, 0x2A6D6)}
"""Ranges of letters by their length in UTF-8: accented Latin, Chinese, rare Chinese."""


class Pseudonyms:
    """Gives each value a pseudonym: the same one for the same value, different ones for different values or salts.

    Digits become digits, and letters become letters of the same case and the same number of bytes; other characters stay.
    Hexadecimal values (from 8 digits on), UUIDs, IP addresses and instance ids with a suffix keep their forms; the name of a
    region (cn-north-4) stays as it is, because it doesn't identify a tenant.
    """

    def __init__(self, salt: str | bytes) -> None:
        self._salt = salt.encode() if isinstance(salt, str) else salt
        self._pseudonyms: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, value: str) -> str:
        """The pseudonym of a value."""
        if value not in self._pseudonyms:
            pseudonym = self._new_pseudonym(value)
            self._pseudonyms[value] = pseudonym
            self._taken.add(pseudonym)
        return self._pseudonyms[value]

    def _new_pseudonym(self, value: str) -> str:
        result = value
        for attempt in range(_ATTEMPTS):  # very short values have few pseudonyms
            result = _replace_characters(value, self._random_numbers(value, attempt))
            if result != value and result not in self._taken:
                break
        return result

    def _random_numbers(self, value: str, attempt: int) -> Iterator[int]:
        block = 0
        while True:
            message = f"{attempt}:{block}:{value}".encode("utf-8", "surrogatepass")
            digest = hmac.new(self._salt, message, hashlib.sha256).digest()
            for index in range(0, len(digest), 4):
                yield int.from_bytes(digest[index : index + 4], "big")
            block += 1


def _replace_characters(value: str, numbers: Iterator[int]) -> str:
    unchanged, replacer = _unchanged_and_replacer(value)
    if _IPV4.fullmatch(value):
        return ".".join(_octet(part, numbers) for part in value.split("."))
    if value.isascii() and value.isdecimal() and value[0] != "0":  # a number may not begin with 0
        return str(1 + next(numbers) % 9) + "".join(_letter(char, numbers) for char in value[1:])
    return "".join(char if index in unchanged else replacer(char, numbers) for index, char in enumerate(value))


def _unchanged_and_replacer(value: str) -> tuple[range | tuple[int, ...], Callable[[str, Iterator[int]], str]]:
    """The positions of the characters that stay, and the function that replaces the others."""
    region, instance = _REGION.match(value), _INSTANCE.fullmatch(value)
    if region and value[region.end() :][:1] in ("", "_"):  # a project of a region: cn-north-4_sales
        return range(region.end()), _letter
    if instance:
        return range(instance.end(1), len(value)), _hex_digit
    hexadecimal = _hex_digit if value == value.lower() else _upper_hex_digit
    if _UUID.fullmatch(value):
        return (_VERSION, _VARIANT), hexadecimal
    if _is_ipv6(value) or (_HEX.fullmatch(value) and not value.isdecimal()):
        return (), hexadecimal
    return (), _letter


def _is_ipv6(value: str) -> bool:
    if value.count(":") < 2:
        return False
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True


def _octet(part: str, numbers: Iterator[int]) -> str:
    low, high = {1: (1, 9), 2: (10, 99)}.get(len(part), (100, 254))
    return str(low + next(numbers) % (high - low + 1))


def _hex_digit(char: str, numbers: Iterator[int]) -> str:
    return "0123456789abcdef"[next(numbers) % 16] if char in "0123456789abcdefABCDEF" else char


def _upper_hex_digit(char: str, numbers: Iterator[int]) -> str:
    return _hex_digit(char, numbers).upper()


def _letter(char: str, numbers: Iterator[int]) -> str:
    if not char.isalnum():
        return char
    if char.isascii():
        first, count = ("0", 10) if char.isdecimal() else ("a", 26) if char.islower() else ("A", 26)
        return chr(ord(first) + next(numbers) % count)
    low, high = _POOLS[len(char.encode())]
    return chr(low + next(numbers) % (high - low + 1))
