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

from collections.abc import Callable
from errno import ECANCELED, ENOBUFS, EOPNOTSUPP, ERESTART
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from rawnl.channel import NLM_F_ACK, NLM_F_REQUEST, Channel
from rawnl.errors import BatchError, EncodeError, KernelError, OutcomeUnknown
from rawnl.message import message_bytes
from rawnl.nft.answers import Answers, Exchange, Step
from rawnl.nft.element import MAX_LIST, ElementList
from rawnl.nft.elements import Elements
from rawnl.nft.header import SUBSYSTEM
from rawnl.nft.objects import BatchBegin, BatchEnd, Generation, Object, Rule
from rawnl.nft.reader import Reader
from rawnl.nft.renaming import Renaming
from rawnl.proto import Control, failure

if TYPE_CHECKING:
    from typing_extensions import Self

Subject = TypeVar("Subject", bound="Object | Elements")
Made = TypeVar("Made", bound=Object)

NLM_F_REPLACE = 0x100
NLM_F_NONREC = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800

_BEGIN, _END = 16, 17
_GETGEN = 0xA10


class GenerationChanged(KernelError):
    """ERESTART: the ruleset is no longer of the generation that the transaction was made for; nothing was done.

    Read again what the transaction was made from, and try again.
    """


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
        self._steps: list[Step] = []
        self._renaming = Renaming()
        self._done = False

    def __len__(self) -> int:
        """How many changes it holds so far."""
        return len(self._steps)

    # --- what may be in it

    def add(self, subject: Subject) -> Subject:
        """Add an object, a rule at the end of its chain (or, with `position`, after the rule of that handle).

        A table, chain, set or element that is there already is no error. What was read from the kernel is added
        without its handle, so that it may come from another ruleset. Returns the object, for use in those that follow;
        once committed, it is as the kernel has it. Raises EncodeError.
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
        for companion in rule.companions():
            self.add(companion)
        self._step("replace", rule, body, rule.new, NLM_F_REPLACE)
        return rule

    def delete(self, subject: Object | Elements, *, only_empty: bool = False) -> None:
        """Delete an object with all that is in it: by its handle if it has one, else by its name. Or elements of a set.

        `only_empty`: an error (EBUSY) if anything is in it. Raises EncodeError for a rule without a handle.
        """
        if isinstance(subject, Elements):
            self._element_steps("delete", subject, ElementList.delete, 0)
        else:
            self._step("delete", subject, subject.address(), subject.delete, NLM_F_NONREC if only_empty else 0)

    def _made(self, verb: str, subject: Subject, flags: int) -> Subject:
        if isinstance(subject, Elements):
            self._element_steps(verb, subject, ElementList.new, flags)
        else:
            for companion in subject.companions():
                self.add(companion)
            self._step(verb, subject, self._renaming.message(subject), subject.new, flags)
        return subject

    def _element_steps(self, verb: str, subject: Elements, kind: int, flags: int) -> None:
        """As many messages as it takes. The first of a transaction has one element only, to have it echoed."""
        if self._done:
            raise ValueError("this transaction is over; begin another")
        if not subject.family:
            raise _no_family()
        renamed = self._renaming.elements(subject)
        for body in subject.bodies(first=MAX_LIST if self._steps else 1, **renamed):
            # Elements are looked at again only where there is something to say of them.
            message = ElementList.at(_message(kind, flags, 0, body))
            self._steps.append(Step(verb, message, message, kind, flags, body, subject))

    def _step(self, verb: str, subject: Object, message: Object, kind: int, flags: int) -> None:
        if self._done:
            raise ValueError("this transaction is over; begin another")
        if not message.family:
            raise _no_family()
        try:
            body = message.body()
        except EncodeError as error:
            raise error.within(message.title) from None
        self._steps.append(Step(verb, subject, message, kind, flags, body))

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
        exchange = self._exchange(end=True)
        self._judge(exchange)
        answers = exchange.answers
        answers.give_back()
        if exchange.lost:
            try:
                self._read_back(answers.unanswered())
            except KernelError:
                # It is committed; that it cannot be read is no reason to say otherwise.
                pass
        return answers.committed

    def dry_run(self) -> None:
        """Have the kernel look at all of it, and do nothing; the transaction may still be committed afterwards.

        The kernel gets the batch without its end. It takes every object in as if for good, in the order given, so
        that each is checked against those before it and against what is there; then it finds no end, and undoes all
        of that as it does after an error. Packets never see any of it, and the generation does not change.

        Returns if nothing was refused; raises what `commit` would: the KernelError of the object, or BatchError, or
        GenerationChanged; `OutcomeUnknown` where answers were lost. It cannot tell what the kernel finds only as it
        commits: loops of chains, and expressions in chains that are reached by jumps from a hook that is wrong for
        them; nor what others will change until then.
        """
        if self._done:
            raise ValueError("this transaction is over; begin another")
        if not self._steps:
            return
        exchange = self._exchange(end=False)
        self._raise_refusals(exchange)
        if exchange.lost or exchange.last_object not in exchange.answers.acked:
            raise OutcomeUnknown(
                ENOBUFS,
                request="try a transaction",
                message="The answer was lost in a full receive buffer",
                hint="nothing was changed",
            )

    def _exchange(self, *, end: bool) -> Exchange:
        """Send the batch, with or without its end, between two questions for the generation, and gather the answers."""
        channel = self._channel()
        asked, first = channel.sequence(), channel.sequence()
        parts = [_message(_BEGIN, 0, first, BatchBegin(res_id=SUBSYSTEM, genid=self._generation).body())]
        requests: dict[int, int] = {}
        for index, step in enumerate(self._steps):
            sequence = channel.sequence()
            requests[sequence] = index
            parts.append(_message(step.kind, step.flags | step.echo, sequence, step.body))
        last, after = channel.sequence(), channel.sequence()
        parts[-1] = _message(step.kind, step.flags | step.echo | NLM_F_ACK, sequence, step.body)
        if end:
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
        answers = Answers(requests, self._steps)
        for buffer in buffers:
            answers.read(buffer)
        return Exchange(answers, lost, asked, first, sequence, last, after)

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

    def _raise_refusals(self, exchange: Exchange) -> None:
        """Raise what the kernel refused, if it did."""
        answers = exchange.answers
        if exchange.first in answers.refusals:
            raise self._refused(answers.refusals[exchange.first])
        failures = [
            (index, self._failure(index, answers.refusals[sequence]))
            for sequence, index in answers.requests.items()
            if sequence in answers.refusals
        ]
        if len(failures) > 1:
            raise BatchError(failures, len(self._steps))
        if failures:
            raise failures[0][1]

    def _judge(self, exchange: Exchange) -> None:
        """Return if it was committed, raise whatever it was otherwise."""
        self._raise_refusals(exchange)
        answers = exchange.answers
        if answers.committed is not None or answers.echoed:
            return
        if not exchange.lost and (exchange.last in answers.acked or exchange.last_object in answers.acked):
            answers.committed = answers.generations.get(exchange.after)
            return
        self._settle(answers.generations.get(exchange.asked), answers.generations.get(exchange.after), exchange.lost)

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
        error = failure(answer, step.what, request, type(step.message))
        if step.elements is not None:
            error.attribute = step.elements.named(step.body, error.attribute)
        return error

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


def _no_family() -> EncodeError:
    return EncodeError("which family? One of ip, ip6, inet, arp, bridge, netdev", attribute="family")


def _message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return message_bytes(kind, flags | NLM_F_REQUEST, sequence, body)


def _is_done(step: Step, reader: Reader) -> bool | None:
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
