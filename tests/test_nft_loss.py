"""Transactions when things go wrong: no privilege, lost answers, buffers that are too small."""

from __future__ import annotations

import os
from errno import EMSGSIZE, ENOBUFS, ENOMEM
from pathlib import Path
from typing import Any

import pytest
from nft_witness import MASQUERADE, listed, load

import rawnl
from rawnl import kernel, nft
from rawnl.errors import KernelError, OutcomeUnknown
from rawnl.nft.nat import Nft


def test_no_privilege(nl: rawnl.Connection) -> None:
    """A process that has dropped its capabilities, and asks in the same namespace."""
    generation = nl.nft.generation()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        text = "no error"
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            kernel_side = rawnl.channel.Channel(12, -1)
            Nft(lambda: kernel_side).masquerade("192.168.100.0/24")
        except PermissionError as error:
            text = str(error)
        except BaseException as error:
            text = repr(error)
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    assert "EPERM" in text and "CAP_NET_ADMIN" in text and "unshare -Urn" in text
    assert nl.nft.generation() == generation


class Losing:
    """`kernel.receive`, which now and then fails first: with ENOBUFS, as when the kernel had to drop answers."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        when: int,
        forever: bool = False,
        swallow: bool = False,
        errno: int = ENOBUFS,
    ) -> None:
        self.calls, self.errno = 0, errno
        self.when, self.forever, self.swallow = when, forever, swallow
        self.real = kernel.receive
        monkeypatch.setattr(kernel, "receive", self)

    def __call__(self, fd: int, arena: Any, *rest: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls == self.when or (self.forever and self.calls > self.when):
            if self.swallow:
                self.real(fd, arena, *rest, **named)
                arena.clear()
            raise OSError(self.errno, os.strerror(self.errno))
        return self.real(fd, arena, *rest, **named)


def _table(nl: rawnl.Connection, name: str, **named: Any) -> None:
    with nl.nft.transaction(**named) as t:
        t.add(nft.Table(name, family="ip"))


@pytest.mark.parametrize("errno", [ENOBUFS, ENOMEM, EMSGSIZE])
def test_an_overrun_that_left_the_evidence(nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch, errno: int) -> None:
    nl.nft.generation()
    Losing(monkeypatch, when=1, errno=errno)
    _table(nl, "t")
    assert "table ip t" in listed(nl)


def test_an_overrun_that_left_nothing_is_settled(nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    nl.nft.generation()
    Losing(monkeypatch, when=1, swallow=True)
    # All answers are gone, also that to the question before: read back, and still not known whose commit it was.
    with pytest.raises(OutcomeUnknown, match="read back which"):
        _table(nl, "t")
    assert "table ip t" in listed(nl)


def test_a_refusal_that_was_lost_is_settled_by_the_generation(
    nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the question before it is left, all others are gone."""
    channel = nl.netfilter()
    real = channel.collect

    def only_the_first(datagrams: Any, stop: int, **named: Any) -> Any:
        buffers, _ = real(datagrams, stop, **named)
        whole = b"".join(buffers)
        return [whole[: int.from_bytes(whole[:4], "little")]], True

    monkeypatch.setattr(channel, "collect", only_the_first)
    generation = nl.nft.generation()
    with pytest.raises(KernelError, match="nothing was changed") as caught, nl.nft.transaction() as t:
        t.create(nft.Table("t", family="ip"))
        t.create(nft.Table("t", family="ip"))
    assert not isinstance(caught.value, OutcomeUnknown) and nl.nft.generation() == generation
    _table(nl, "t")
    assert "table ip t" in listed(nl)
    # A rule like it might have been there before: that is for the caller to find out.
    with pytest.raises(OutcomeUnknown), nl.nft.transaction() as t:
        chain = t.add(nft.Chain("c", table="t", family="ip"))
        t.add(nft.Rule(chain=chain, expressions=[nft.Counter()], comment="one"))
    [rule] = nl.nft.rules("t", family="ip")
    with pytest.raises(KernelError, match="nothing was changed") as caught, nl.nft.transaction() as t:
        t.add(nft.Rule(chain="none", table="t", family="ip", expressions=[nft.Counter()]))
    assert not isinstance(caught.value, OutcomeUnknown)
    with nl.nft.transaction() as t:
        t.add(nft.Table("t", family="ip"))
    with nl.nft.transaction() as t:
        t.delete(rule)
    assert nl.nft.rules("t", family="ip") == []
    with nl.nft.transaction() as t:
        t.delete(nft.Table("t", family="ip"))
    assert listed(nl) == ""


def test_handles_are_read_back_when_echoes_were_lost(nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first echo is left, as after an overrun: it was committed, and the handles can be had elsewhere."""
    channel = nl.netfilter()
    real = channel.collect

    def only_the_first_echo(datagrams: Any, stop: int, **named: Any) -> Any:
        buffers, _ = real(datagrams, stop, **named)
        whole = b"".join(buffers)
        first = int.from_bytes(whole[:4], "little")
        return [whole[: first + int.from_bytes(whole[first : first + 4], "little")]], True

    load(nl, "table ip t { chain c { counter; }; }")
    monkeypatch.setattr(channel, "collect", only_the_first_echo)
    with nl.nft.transaction() as t:
        table = t.add(nft.Table("u", family="ip"))
        chain = t.add(nft.Chain("c", table="t", family="ip"))
        rules = [t.add(nft.Rule(chain=chain, expressions=[nft.Counter()], comment=str(n))) for n in range(20)]
    assert table.handle and chain.handle
    assert [rule.handle for rule in rules] == [rule.handle for rule in nl.nft.rules("t", family="ip")][1:]
    assert nl.nft.masquerade("192.168.100.0/24").handle


def test_no_answer_ever_is_unknown(nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    nl.nft.generation()
    losing = Losing(monkeypatch, when=1, forever=True)
    with pytest.raises(OutcomeUnknown):
        _table(nl, "t")
    monkeypatch.setattr(kernel, "receive", losing.real)
    assert "table ip t" in listed(nl)
    # The connection is fit for use again.
    _table(nl, "u")
    assert {table.name for table in nl.nft.tables()} == {"t", "u"}


@pytest.mark.parametrize("when", range(1, 9))
def test_each_receive_fails_in_turn(nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch, when: int) -> None:
    """A masquerade is made, or it is said that nobody knows; a wrong word is never said."""
    losing = Losing(monkeypatch, when=when)
    try:
        nl.nft.masquerade("192.168.100.0/24")
        made = True
    except OutcomeUnknown:
        made = False
    monkeypatch.setattr(kernel, "receive", losing.real)
    if made:
        assert listed(nl).count(MASQUERADE) == 1
    nl.nft.masquerade("192.168.100.0/24")
    assert listed(nl).count(MASQUERADE) == 1


def test_a_message_over_the_send_buffer(nl: rawnl.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the buffer may be widened it is; where not, an error says so and nothing is done."""
    text = "x" * 120
    with nl.nft.transaction() as t:
        table = t.add(nft.Table("t", family="ip"))
        chain = t.add(nft.Chain("c", table=table))
        for _ in range(1000):
            t.add(nft.Rule(chain=chain, expressions=[], comment=text))
    assert len(nl.nft.rules(table, chain)) == 1000
    limit = 2 * int(Path("/proc/sys/net/core/wmem_max").read_text())
    from rawnl import channel as channel_module

    # A number that no socket option has: not even root may go beyond the limit now.
    monkeypatch.setattr(channel_module, "SO_SNDBUFFORCE", 9999)
    count = limit // 150
    with nl.nft.transaction() as t:
        for _ in range(count):
            t.add(nft.Rule(chain=chain, expressions=[], comment=text))
        size = sum(len(step.body) + 16 for step in t._steps)
        if size <= limit:
            pytest.skip("net.core.wmem_max is too large to be exceeded here")
        with pytest.raises(KernelError, match="too long for a send buffer"):
            t.commit()
    assert len(nl.nft.rules(table, chain)) == 1000
