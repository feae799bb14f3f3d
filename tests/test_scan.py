"""The scan: by construction, against its twin, and with lengths that lie.

Every input goes through the C core and through pure Python, which must agree to the byte, errors included.
What the right answer is comes from how the input was put together, not from either of them.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rawnl import kernel
from rawnl import scan as twin
from rawnl.errors import DecodeError

HEADER = struct.Struct("=IHHII")


class Made(NamedTuple):
    """One message as it was put together."""

    kind: int
    flags: int
    sequence: int
    header: bytes
    attributes: list[tuple[int, bytes]]

    def encode(self) -> bytes:
        body = self.header + bytes(-len(self.header) % 4)
        for number, payload in self.attributes:
            body += struct.pack("=HH", len(payload) + 4, number) + payload + bytes(-len(payload) % 4)
        return HEADER.pack(len(body) + 16, self.kind, self.flags, self.sequence, 0) + body


made = st.builds(
    Made,
    st.sampled_from([2, 3, 15, 16, 17, 0xFFFF]),
    st.integers(0, 0xFFFF),
    st.sampled_from([1, 2]),
    st.binary(min_size=8, max_size=8),
    st.lists(st.tuples(st.integers(0, 0xFFFF) | st.integers(0, 9), st.binary(max_size=9)), max_size=6),
)


def outcome(function, *arguments):
    """The scan as plain values, or the error as its text and offset."""
    try:
        result = function(*arguments)
    except DecodeError as error:
        return str(error), error.offset
    return result._replace(table=list(result.table))


def both(data: bytes, sequence: int = 0, header: int = 8, width: int = 8, start: int = 0, end: int = -1):
    """The one outcome of both scans."""
    arguments = (data, start, len(data) if end < 0 else end, sequence, header, width)
    result = outcome(kernel.scan, *arguments)
    assert result == outcome(twin.scan, *arguments)
    return result


@given(st.lists(made, max_size=6), st.sampled_from([0, 1, 2]), st.sampled_from([1, 2, 8, 0x4000]))
def test_finds_what_was_put_in(messages, sequence, width):
    data, table, controls, flags, stale = b"", [], [], 0, 0
    for message in messages:
        offset = len(data)
        data += message.encode()
        if sequence and message.sequence != sequence:
            stale += 1
            continue
        flags |= message.flags
        if message.kind < 16:
            controls.append(offset)
            continue
        row = [offset + 16] + [0] * (width - 1)
        position = offset + 24
        for number, payload in message.attributes:
            if 0 < number & 0x3FFF < width:
                row[number & 0x3FFF] = position + 4
            position += 4 + len(payload) + -len(payload) % 4
        table += row
    result = both(data, sequence, 8, width)
    assert result == (table, len(table) // width, width, controls, flags, stale)


@given(st.lists(made, min_size=1, max_size=3), st.sampled_from([0, 1]))
def test_truncated_at_every_byte(messages, sequence):
    data = b"".join(message.encode() for message in messages)
    for end in range(len(data)):
        # Cut short, and merely told to stop there: the same.
        assert both(data[:end], sequence) == both(data, sequence, end=end)


@given(
    st.lists(made, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    st.sampled_from([0, 1, 3, 8, 21]),
    st.sampled_from([1, 5]),
)
def test_mutated(messages, changes, header, width):
    data = bytearray(b"".join(message.encode() for message in messages))
    for place, value in changes:
        data[place % len(data)] = value
    both(bytes(data), 0, header, width)


@given(st.binary(max_size=200), st.integers(0, 40), st.integers(1, 9))
@example(bytes(16), 0, 1)
def test_anything(data, header, width):
    both(data, 0, header, width)


@pytest.mark.parametrize(
    ("data", "sentence", "offset"),
    [
        (bytes(5), "5 bytes remain where a message header takes 16", 0),
        (HEADER.pack(0, 16, 0, 1, 0), "0 bytes long, less than its own header of 16", 0),
        (HEADER.pack(15, 16, 0, 1, 0), "15 bytes long, less than its own header of 16", 0),
        (HEADER.pack(17, 16, 0, 1, 0), "17 bytes long where 16 remain", 0),
        (HEADER.pack(0xFFFFFFFF, 16, 0, 1, 0), "4294967295 bytes long where 16 remain", 0),
        (HEADER.pack(0x80000010, 16, 0, 1, 0) + bytes(9), "2147483664 bytes long where 25 remain", 0),
        (HEADER.pack(20, 16, 0, 1, 0) + bytes(4), "4 bytes of body where its family header takes 8", 0),
        (HEADER.pack(28, 16, 0, 1, 0) + bytes(12), "an attribute says it is 0 bytes long, less", 24),
        (HEADER.pack(28, 16, 0, 1, 0) + bytes(8) + b"\3\0\1\0", "3 bytes long, less than its own", 24),
        (HEADER.pack(28, 16, 0, 1, 0) + bytes(8) + b"\5\0\1\0", "5 bytes long where 4 remain", 24),
        (HEADER.pack(28, 16, 0, 1, 0) + bytes(8) + b"\xff\xff\1\0", "65535 bytes long where 4 remain", 24),
    ],
)
def test_lengths_that_lie(data, sentence, offset):
    if "attribute" not in sentence and offset == 0:
        # The fault is found wherever the message lies.
        shifted = both(bytes(8) + data, start=8)
        assert shifted[1] == 8
    text, place = both(data)
    assert sentence in text
    assert place == offset


def test_the_first_fault_counts_framing_before_attributes():
    bad_attribute = HEADER.pack(28, 16, 0, 1, 0) + bytes(12)
    text, place = both(bad_attribute + bytes(16))
    assert (place, "a message says" in text) == (28, True)


def test_last_message_may_lack_its_padding():
    data = Made(16, 0, 1, bytes(8), [(1, b"abc")]).encode()
    exact = HEADER.pack(len(data) - 1, 16, 0, 1, 0) + data[16:]
    assert both(exact[:-1]).table[:2] == [16, 28]
    assert both(exact + exact[:-1]).rows == 2


def test_bytes_after_the_last_attribute_are_tolerated_below_four():
    body = bytes(8) + struct.pack("=HHI", 8, 2, 7)
    for extra in range(4):
        data = HEADER.pack(16 + len(body) + extra, 16, 0, 1, 0) + body + b"\xff" * extra
        assert both(data).table[:3] == [16, 0, 28]


def test_flag_bits_of_the_type_are_masked_and_the_last_duplicate_counts():
    data = Made(16, 0, 1, bytes(8), [(3, b"1234"), (0x8003, b"5678"), (0xC000, b"")]).encode()
    assert both(data).table == [16, 0, 0, 36, 0, 0, 0, 0]


def test_width_one_looks_at_no_attribute():
    data = HEADER.pack(28, 16, 0, 1, 0) + bytes(12)
    assert both(data, width=1).table == [16]


@pytest.mark.parametrize("function", [kernel.scan, twin.scan])
@pytest.mark.parametrize(
    "arguments",
    [
        (-1, 4, 0, 0, 1),
        (3, 2, 0, 0, 1),
        (0, 9, 0, 0, 1),
        (0, 8, 0, 0, 0),
        (0, 8, 0, 0, 0x4001),
        (0, 8, 0, -1, 1),
    ],
)
def test_impossible_arguments_are_refused(function, arguments):
    with pytest.raises(ValueError) as caught:
        function(bytes(8), *arguments)
    assert not isinstance(caught.value, DecodeError)


@pytest.mark.parametrize("function", [kernel.scan, twin.scan])
def test_beyond_two_gibibytes_is_refused(function):
    import mmap

    with mmap.mmap(-1, 2**31) as huge:
        with pytest.raises(DecodeError, match="take it in pieces"):
            function(huge, 0, 2**31, 0, 0, 1)
        # The largest that fits is not: its zeros are simply no message.
        with pytest.raises(DecodeError, match="0 bytes long"):
            function(huge, 2**31 - 17, 2**31 - 1, 0, 0, 1)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_buffer_will_do(wrap):
    data = wrap(Made(16, 4, 1, bytes(8), [(1, b"x")]).encode())
    assert both(data).table[:2] == [16, 28]


def test_tables_agree_in_shape_and_are_plain_sequences():
    data = b"".join(Made(16, 0, 1, bytes(8), [(1, b"x")]).encode() for _ in range(3))
    for function in (kernel.scan, twin.scan):
        table = function(data, 0, len(data), 1, 8, 2).table
        assert len(table) == 6
        assert list(table[1::2]) == [28, 60, 92]
        empty = function(b"", 0, 0, 1, 8, 2)
        assert (len(empty.table), empty.rows, empty.controls) == (0, 0, [])


@given(made, st.integers(1, 9))
def test_a_nest_is_a_message_without_header(message, width):
    data = message._replace(kind=16).encode()
    row = twin.attributes(data, 24, len(data), width)
    assert row == [24, *both(data, width=width).table[1:]]


def test_a_nest_that_lies():
    with pytest.raises(DecodeError, match="9 bytes long where 8 remain") as caught:
        twin.attributes(struct.pack("=4xHHI", 9, 1, 0), 4, 12, 3)
    assert caught.value.offset == 4
    with pytest.raises(ValueError, match="not a range"):
        twin.attributes(b"", 0, 4, 3)
