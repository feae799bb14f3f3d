"""What a transaction consists of, and what the kernel answers to it, sorted by what it is.

Sources: `<linux/netfilter/nfnetlink.h>`; net/netfilter/nfnetlink.c, nf_tables_api.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rawnl.errors import DecodeError
from rawnl.nft.elements import Elements
from rawnl.nft.objects import Generation, Object, Rule
from rawnl.proto import NLMSG_ERROR, Control, control
from rawnl.scan import MESSAGE_HEADER

NLM_F_ECHO = 0x008
FEW_ELEMENTS = 512
"""Up to how many bytes elements are echoed."""

_NEWGEN = 0xA0F


class Step(NamedTuple):
    """One message of a transaction."""

    verb: str
    subject: Object
    message: Object
    kind: int
    flags: int
    body: bytes
    elements: Elements | None = None

    @property
    def echo(self) -> int:
        """NLM_F_ECHO, but not for many elements, each of which would be echoed in a message of its own."""
        return 0 if self.elements is not None and len(self.body) > FEW_ELEMENTS else NLM_F_ECHO

    @property
    def always_changes(self) -> bool:
        """Whether carrying it out makes a new generation in any case; adding what is there already does not."""
        return self.verb != "add" or isinstance(self.message, Rule)

    @property
    def what(self) -> str:
        """What was asked, in words."""
        return f"{self.verb} {self.message.title if self.elements is None else self.elements.title}"


class Exchange(NamedTuple):
    """A batch that was sent: what came back, whether some of that was lost, and the sequence numbers of its parts."""

    answers: Answers
    lost: bool
    asked: int
    first: int
    last_object: int
    last: int
    after: int


class Answers:
    """What came back, sorted by what it is."""

    def __init__(self, requests: dict[int, int], steps: list[Step]) -> None:
        self.requests = requests
        self.steps = steps
        self.refusals: dict[int, Control] = {}
        self.acked: set[int] = set()
        self.generations: dict[int, int] = {}
        self.committed: int | None = None
        self.echoed = False
        self._echoes: dict[int, tuple[Any, int]] = {}

    def read(self, buffer: Any) -> None:
        """Take in what a receive brought. Raises DecodeError where a length lies."""
        for position, kind, sequence in messages(buffer):
            index = self.requests.get(sequence)
            if kind == NLMSG_ERROR:
                answer = control(buffer, position)
                if answer.errno:
                    self.refusals.setdefault(sequence, answer)
                else:
                    self.acked.add(sequence)
            elif kind == _NEWGEN:
                number = Generation.at(buffer, position).id or 0
                if index is None:
                    self.generations[sequence] = number
                else:
                    self.committed = number
            elif index is not None:
                self.echoed = True
                # A replacement is told as a deletion and an addition: only the latter is of the kind that was sent.
                if kind == self.steps[index].kind:
                    self._echoes[index] = (buffer, position)

    def unanswered(self) -> set[int]:
        """The steps that added something, and whose echo did not come though it was asked for."""
        return {
            index
            for index, step in enumerate(self.steps)
            if step.verb != "delete" and step.elements is None and index not in self._echoes
        }

    def give_back(self) -> None:
        """Make what was added what the kernel says it is, handle included."""
        for index, (buffer, position) in self._echoes.items():
            subject = self.steps[index].subject
            if self.steps[index].verb != "delete" and self.steps[index].elements is None:
                subject._become(type(subject).at(buffer, position))


def messages(buffer: Any) -> Iterator[tuple[int, int, int]]:
    """(offset, type, sequence) of each message. Raises DecodeError where a length lies."""
    position, end = 0, len(buffer)
    while position < end:
        length, kind, _, sequence, _ = MESSAGE_HEADER.unpack_from(buffer, position)
        if not 16 <= length <= end - position:
            raise DecodeError(
                f"a message says it is {length} bytes long where {end - position} remain", offset=position
            )
        yield position, kind, sequence
        position += (length + 3) & ~3
