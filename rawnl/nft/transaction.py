"""Transactions: many changes, all or nothing, in one send.

Strategy: a batch is one datagram, which the kernel has dealt with by the time the send returns. Behind it goes a
barrier, a plain question for the generation: whatever the batch led to stands in the queue before the barrier's answer,
on every kernel, whether or not that one acks the end of a batch.

    question: generation? | BEGIN  object 1  object 2  …  END | question: generation?
                            ----------- one datagram --------

What tells how it went, in this order:

1. An error for one of our messages: nothing was done. (Acks of other objects mean nothing then.)
2. The new generation, told in answer to NLM_F_ECHO on the first object: the kernel says that only on committing.
3. An object's echo: sent on committing as well. Both come before any ack, so an overrun does not easily lose them.
4. An ack of END (Linux 6.10 and later) or of the last object, with nothing lost: an error would be there, too. This
   is how it goes where there was nothing to do, which makes no new generation.
5. The generation after it is the one from before it: nothing was done, or there was nothing to do.
6. The objects themselves, read back. If that is not clear either: `OutcomeUnknown`, and never a guess.

Sources: `<linux/netfilter/nfnetlink.h>`; net/netfilter/nfnetlink.c, nf_tables_api.c for what is acked when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from errno import ECANCELED, ENOBUFS, EOPNOTSUPP, ERESTART
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rawnl.channel import NLM_F_ACK, NLM_F_REQUEST, Channel
from rawnl.errors import BatchError, DecodeError, EncodeError, KernelError, OutcomeUnknown
from rawnl.message import message_bytes
from rawnl.nft.header import SUBSYSTEM
from rawnl.nft.objects import BatchBegin, BatchEnd, Generation, Object, Rule
from rawnl.nft.reader import Reader
from rawnl.proto import NLMSG_ERROR, Control, control, failure
from rawnl.scan import MESSAGE_HEADER

if TYPE_CHECKING:
    from typing_extensions import Self

Subject = TypeVar("Subject", bound=Object)

NLM_F_ECHO = 0x008
NLM_F_REPLACE = 0x100
NLM_F_NONREC = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800

_BEGIN, _END = 16, 17
_NEWGEN, _GETGEN = 0xA0F, 0xA10


class GenerationChanged(KernelError):
    """ERESTART: the ruleset is no longer of the generation that the transaction was made for; nothing was done.

    Read again what the transaction was made from, and try again.
    """


class _Step(NamedTuple):
    """One message of a transaction."""

    verb: str
    subject: Object
    message: Object
    kind: int
    flags: int
    body: bytes

    @property
    def always_changes(self) -> bool:
        """Whether carrying it out makes a new generation in any case; adding what is there already does not."""
        return self.verb != "add" or isinstance(self.message, Rule)

    @property
    def what(self) -> str:
        """What was asked, in words."""
        return f"{self.verb} {self.message.title}"


class Transaction:
    """Changes that the kernel makes together or not at all. Nothing is sent before the block ends, nor if it raises.

        with nft.transaction() as t:
            nat = t.add(Table("nat", family="ip"))
            out = t.add(Chain("postrouting", table=nat, type="nat", hook="postrouting", priority="srcnat"))
            t.add(Rule(chain=out, expressions=[Masquerade()]))
        nat.handle      # what was added is now as the kernel has it

    `generation`: commit only if the ruleset is still of this generation. Raises, on commit: `GenerationChanged`;
    the `KernelError` of the object that was refused, or `BatchError` if there were several; `PermissionError` without
    CAP_NET_ADMIN; `OutcomeUnknown` only where even reading back could not tell.
    """

    def __init__(self, channel: Callable[[], Channel], *, generation: int | None = None) -> None:
        self._channel = channel
        self._generation = generation
        self._steps: list[_Step] = []
        self._done = False

    def __len__(self) -> int:
        """How many changes it holds so far."""
        return len(self._steps)

    # --- what may be in it

    def add(self, subject: Subject) -> Subject:
        """Add an object, a rule at the end of its chain (or, with `position`, after the rule of that handle).

        A table or chain that is there already is no error. What was read from the kernel is added without its
        handle, so that it may come from another ruleset. Returns the object, for use in those that follow; once
        committed, it is as the kernel has it. Raises EncodeError.
        """
        return self._made("add", subject, NLM_F_CREATE | (NLM_F_APPEND if isinstance(subject, Rule) else 0))

    def create(self, subject: Subject) -> Subject:
        """The same, but an error (FileExistsError) if there is one already."""
        return self._made("create", subject, NLM_F_CREATE | NLM_F_EXCL)

    def insert(self, rule: Rule) -> Rule:
        """Add a rule at the start of its chain (or, with `position`, before the rule of that handle)."""
        return self._made("insert", rule, NLM_F_CREATE)

    def replace(self, rule: Rule) -> Rule:
        """Put a rule in the place of the one that has its `handle`. Raises EncodeError if it has none."""
        if rule.handle is None:
            raise EncodeError(f"{rule.title} has no handle that says which rule it is to replace", attribute="handle")
        body = rule.replace(position=None) if rule.position is not None else rule
        return self._made("replace", rule, NLM_F_REPLACE, message=body)

    def delete(self, subject: Object, *, only_empty: bool = False) -> None:
        """Delete an object with all that is in it: by its handle if it has one, else by its name.

        `only_empty`: an error (EBUSY) if anything is in it. Raises EncodeError for a rule without a handle.
        """
        self._step("delete", subject, subject.address(), subject.delete, NLM_F_NONREC if only_empty else 0)

    def _made(self, verb: str, subject: Subject, flags: int, *, message: Subject | None = None) -> Subject:
        self._step(verb, subject, message or subject.like(), subject.new, flags)
        return subject

    def _step(self, verb: str, subject: Object, message: Object, kind: int, flags: int) -> None:
        if self._done:
            raise ValueError("this transaction is over; begin another")
        if not message.family:
            raise EncodeError("which family? One of ip, ip6, inet, arp, bridge, netdev", attribute="family")
        try:
            body = message.body()
        except EncodeError as error:
            raise error.within(message.title) from None
        self._steps.append(_Step(verb, subject, message, kind, flags, body))

    # --- carrying it out

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._done:
            self.commit()
        self._done = True

    def commit(self) -> int | None:
        """Send it, and know how it went. An empty transaction sends nothing. Raises as the class says.

        Returns the ruleset's generation after it; None where nothing was sent, or that answer was lost.
        """
        if self._done:
            raise ValueError("this transaction is over; begin another")
        self._done = True
        if not self._steps:
            return None
        channel = self._channel()
        asked, first = channel.sequence(), channel.sequence()
        parts = [_message(_BEGIN, 0, first, BatchBegin(res_id=SUBSYSTEM, genid=self._generation).body())]
        requests: dict[int, int] = {}
        for index, step in enumerate(self._steps):
            sequence = channel.sequence()
            requests[sequence] = index
            parts.append(_message(step.kind, step.flags | NLM_F_ECHO, sequence, step.body))
        last, after = channel.sequence(), channel.sequence()
        parts[-1] = _message(step.kind, step.flags | NLM_F_ECHO | NLM_F_ACK, sequence, step.body)
        parts.append(_message(_END, NLM_F_ACK, last, BatchEnd(res_id=SUBSYSTEM).body()))
        question = Generation().body()
        buffers, lost = channel.collect(
            (
                _message(_GETGEN, 0, asked, question),
                b"".join(parts),
                _message(_GETGEN, NLM_F_ACK, after, question),
            ),
            after,
        )
        answers = _Answers(requests, self._steps)
        for buffer in buffers:
            answers.read(buffer)
        self._judge(answers, asked, first, last, after, lost)
        answers.give_back()
        if lost:
            try:
                self._read_back(answers.unanswered())
            except KernelError:
                # It is committed; that it cannot be read is no reason to say otherwise.
                pass
        return answers.committed

    def _read_back(self, missing: set[int]) -> None:
        """After a commit of which echoes were lost: read what was added by these steps, handles included.

        The kernel gives out handles in rising order, so the rules added to a chain are those of its highest handles.
        Where that does not fit, because somebody else has added some since, objects stay as they were.
        """
        reader = Reader(self._channel)
        chains: dict[tuple[Any, ...], list[int]] = {}
        for index, step in enumerate(self._steps):
            subject = step.subject
            if isinstance(subject, Rule) and step.verb != "delete":
                chains.setdefault((subject.table, subject.chain, subject.family), []).append(index)
            elif index in missing:
                found = reader.find(step.message)
                if found is not None:
                    subject._become(found)
        for (table, chain, family), added in chains.items():
            if missing.isdisjoint(added):
                continue
            rules = sorted(reader.rules(table, chain, family=family), key=lambda rule: rule.handle or 0)
            newest = rules[-len(added) :]
            if [_outline(rule) for rule in newest] == [_outline(self._rule(index)) for index in added]:
                for index, rule in zip(added, newest, strict=True):
                    self._steps[index].subject._become(rule)

    def _rule(self, index: int) -> Rule:
        message = self._steps[index].message
        assert isinstance(message, Rule)
        return message

    def _judge(self, answers: _Answers, asked: int, first: int, last: int, after: int, lost: bool) -> None:
        """Return if it was committed, raise whatever it was otherwise."""
        last_object = max(answers.requests, key=answers.requests.__getitem__)
        if first in answers.refusals:
            raise self._refused(answers.refusals[first])
        failures = [
            (index, self._failure(index, answers.refusals[sequence]))
            for sequence, index in answers.requests.items()
            if sequence in answers.refusals
        ]
        if len(failures) > 1:
            raise BatchError(failures, len(self._steps))
        if failures:
            raise failures[0][1]
        if answers.committed is not None or answers.echoed:
            return
        if not lost and (last in answers.acked or last_object in answers.acked):
            answers.committed = answers.generations.get(after)
            return
        self._settle(answers.generations.get(asked), answers.generations.get(after), lost)

    def _refused(self, answer: Control) -> KernelError:
        """The error for a batch that was refused at its beginning."""
        if answer.errno == ERESTART:
            return GenerationChanged(
                ERESTART,
                request="commit a transaction",
                message=f"The ruleset is no longer of generation {self._generation}",
                hint="nothing was changed; read it again and try again",
            )
        error = failure(answer, "commit a transaction")
        if answer.errno == EOPNOTSUPP:
            error.hint = "this kernel lacks nf_tables"
        return error

    def _failure(self, index: int, answer: Control) -> KernelError:
        step = self._steps[index]
        # Offsets in an extended ack count from the message, whose header is 16 bytes long.
        request = bytes(16) + step.body
        return failure(answer, step.what, request, type(step.message))

    def _settle(self, before: int | None, after: int | None, lost: bool) -> None:
        """Find out from the ruleset what no answer told. Return if it was committed."""
        reader = Reader(self._channel)
        try:
            if after is None:
                after = reader.generation()
            signs = [_is_done(step, reader) for step in self._steps]
            again = reader.generation()
        except KernelError:
            raise _unknown() from None
        # One commit since the question may be ours. None at all is ours only where there was nothing to do.
        same = before is not None and before == after == again
        one_since = before is not None and again == after == _next(before)
        undone = False in signs or (same and any(step.always_changes for step in self._steps))
        if (same or one_since) and not undone and None not in signs:
            return
        if (same or one_since) and undone:
            reason = "and its reason was lost in a full receive buffer" if lost else "and gave no reason"
            raise KernelError.of(
                ENOBUFS if lost else ECANCELED,
                request="commit a transaction",
                message=f"The kernel dropped it, {reason}",
                hint="nothing was changed",
            )
        raise _unknown()


def _next(generation: int | None) -> int | None:
    return None if generation is None else generation % 0xFFFFFFFF + 1


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        ENOBUFS,
        request="commit a transaction",
        message="The answer was lost in a full receive buffer, and the ruleset has moved on since",
        hint="it was carried out whole or not at all; read back which",
    )


def _message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return message_bytes(kind, flags | NLM_F_REQUEST, sequence, body)


def _is_done(step: _Step, reader: Reader) -> bool | None:
    """Whether the ruleset looks as the step wants it; None where it may have looked so before.

    Raises KernelError where it cannot be read.
    """
    message = step.message
    if not isinstance(message, Rule):
        return (reader.find(message) is None) == (step.verb == "delete")
    try:
        rules = reader.rules(message.table, message.chain, family=message.family)
    except FileNotFoundError:
        rules = []
    if message.handle is not None:
        # The kernel never gives out a handle twice; a replacement has one of its own.
        return all(rule.handle != message.handle for rule in rules)
    wanted = _outline(message)
    return None if any(_outline(rule) == wanted for rule in rules) else False


def _outline(rule: Rule) -> object:
    """What the kernel certainly gives back as it was sent: it fills in defaults within the expressions."""
    view = Rule.at(rule.encode(), 0)
    return view.userdata, [getattr(item, "tag", "") for item in view.expressions or ()]


class _Answers:
    """What came back, sorted by what it is."""

    def __init__(self, requests: dict[int, int], steps: list[_Step]) -> None:
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
        for position, kind, sequence in _messages(buffer):
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
        """The steps that added something, and whose echo did not come."""
        return {index for index, step in enumerate(self.steps) if step.verb != "delete" and index not in self._echoes}

    def give_back(self) -> None:
        """Make what was added what the kernel says it is, handle included."""
        for index, (buffer, position) in self._echoes.items():
            subject = self.steps[index].subject
            if self.steps[index].verb != "delete":
                subject._become(type(subject).at(buffer, position))


def _messages(buffer: Any) -> Iterator[tuple[int, int, int]]:
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
