"""What is in a set: any number of values for a transaction to add, or as a listing brought them.

Strategy: one attribute holds less than 64 KiB, so `Elements` is cut into as many messages as it takes, all of them in
the one batch. What was listed is kept as the kernel sent it and read when asked for; adding it to another set, in
another namespace, copies bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rawnl.errors import DecodeError, EncodeError
from rawnl.message import message_bytes
from rawnl.nft.element import LIST, MAX_LIST, ElementList, Entry, Values, as_entry
from rawnl.nft.element_packing import Packing, chunks
from rawnl.nft.element_reading import Reading
from rawnl.nft.sets import Set
from rawnl.tlv import attribute_bytes


class Elements:
    """Elements of one set: for `transaction.add`, `.create` and `.delete`, and as `nft.elements` lists them.

    `set` is the `Set` they are of, as it was made or read, since its types say how values are packed. `values` are the
    keys, or for a map a dictionary or pairs of key and data; an `Entry` where there is more to say.

        Elements(Set("web", table=t, key="ipv4_addr . inet_service"), [("10.0.0.1", 80), ("10.0.0.2", 8080)])
        Elements(Map("ports", table=t, key="inet_service", data="ipv4_addr"), {80: "10.0.0.1", 443: "10.0.0.2"})
        Elements(blocked, [Entry("10.0.0.0/8", timeout=60, comment="for a minute"), CATCHALL])

    Iterating gives an `Entry` for each; `keys()` and `as_dict()` give less, and that faster.
    """

    def __init__(self, set: Set, values: Values = ()) -> None:
        self.set = set
        self._values: list[Any] = list(values.items()) if isinstance(values, Mapping) else list(values)
        self._lists: list[bytes] | None = None

    @classmethod
    def of_lists(cls, set: Set, messages: Iterable[ElementList]) -> Elements:
        """What the kernel listed of a set."""
        found = cls(set)
        found._lists = [payload for message in messages if (payload := message.raw(LIST)) is not None]
        return found

    @property
    def family(self) -> Any:
        """The family of the set's table."""
        return self.set.family

    @property
    def table(self) -> str | None:
        """The table of the set."""
        return self.set.table

    @property
    def title(self) -> str:
        """What they are, in words."""
        return f"elements of {self.set.title}"

    def __repr__(self) -> str:
        return f"<Elements of {self.set.title}>"

    # --- to the kernel

    def bodies(self, *, set_id: int | None = None, name: str | None = None, first: int = MAX_LIST) -> Iterator[bytes]:
        """The bodies of the messages that name all of them; `first` bytes of elements at most in the first.

        `set_id` and `name` stand for the set's own, where it goes by others in a transaction. Raises EncodeError.
        """
        head = ElementList(
            family=self.family,
            table=self.table,
            set=name or self.set.name,
            set_id=self.set.id if set_id is None else set_id,
        ).body()
        if self._lists is not None:
            lists: Iterable[bytes] = self._lists
        else:
            try:
                lists = chunks(Packing(self.set).elements(self._values), first)
            except EncodeError as error:
                raise error.within(self.title) from None
        for payload in lists:
            yield head + attribute_bytes(LIST, payload)

    def named(self, body: bytes, attribute: str) -> str:
        """The path of an attribute of one of these bodies, the key beside its element: `elements[3](10.0.0.1).key`."""
        found = re.match(r"elements\[(\d+)\]", attribute)
        if found is None:
            return attribute
        try:
            listed = ElementList.at(message_bytes(ElementList.new, 0, 0, body)).raw(LIST) or b""
            key = Reading(self.set, [listed]).key_at(int(found[1]))
        except DecodeError:
            return attribute
        return f"{found[0]}({key}){attribute[found.end() :]}"

    # --- from the kernel

    def __iter__(self) -> Iterator[Entry]:
        if self._lists is None:
            return iter([as_entry(value, self.set) for value in self._values])
        return Reading(self.set, self._lists).entries()

    def __len__(self) -> int:
        """How many there are; an interval is one."""
        return len(self._values) if self._lists is None else Reading(self.set, self._lists).count()

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not (self._values if self._lists is None else self._lists)

    def keys(self) -> list[Any]:
        """The keys alone."""
        if self._lists is None:
            return [entry.key for entry in self]
        return Reading(self.set, self._lists).keys()

    def as_dict(self) -> dict[Any, Any]:
        """A map's data by key; for a set, None by key."""
        if self._lists is None:
            return {entry.key: entry.data for entry in self}
        return Reading(self.set, self._lists).as_dict()
