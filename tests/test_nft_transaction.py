"""Transactions: all or nothing, with every error at its object."""

from __future__ import annotations

import re
from errno import EBUSY
from typing import Any

import pytest
from nft_witness import listed, load

import rawnl
from rawnl import nft
from rawnl.errors import BatchError, EncodeError, KernelError
from rawnl.nft import nat as nat_module
from rawnl.nft.nat import Nft
from rawnl.nft.transaction import GenerationChanged


def elsewhere(nl: rawnl.Connection) -> Nft:
    """Another connection to the same namespace."""
    other = rawnl.open(nl.netns)
    return other.nft


def plain(source: str) -> nft.Rule:
    return nft.Rule(expressions=nat_module._expressions(nat_module._network(source), None))


def test_a_transaction(nl: rawnl.Connection) -> None:
    with nl.nft.transaction() as t:
        nat = t.add(nft.Table("nat", family="ip", comment="of a test"))
        out = t.add(nft.Chain("out", table=nat, type="nat", hook="postrouting", priority="srcnat"))
        first = t.add(nft.Rule(chain=out, expressions=[nft.Masquerade()], comment="one"))
        t.insert(nft.Rule(chain=out, expressions=[nft.Counter()]))
        assert len(t) == 4 and listed(nl) == ""
    assert nat.handle and out.handle and first.handle
    assert first.comment == "one" and out.policy == 1 and nat.use == 1
    text = listed(nl)
    assert 'comment "of a test"' in text
    assert re.search(r'counter\s+masquerade comment "one"', text)
    changed = first.replace(expressions=[nft.Immediate(dreg="verdict", data=nft.Verdict(code="accept"))])
    with nl.nft.transaction() as t:
        t.replace(changed)
    assert changed.handle and 'accept comment "one"' in listed(nl) and "masquerade" not in listed(nl)
    with nl.nft.transaction() as t:
        t.delete(changed)
    assert "one" not in listed(nl)
    with nl.nft.transaction() as t:
        t.delete(nat)
    assert listed(nl) == ""


def test_rules_at_a_place(nl: rawnl.Connection) -> None:
    with nl.nft.transaction() as t:
        table = t.add(nft.Table("t", family="inet"))
        chain = t.add(nft.Chain("c", table=table))
        middle = t.add(nft.Rule(chain=chain, expressions=[], comment="middle"))
    with nl.nft.transaction() as t:
        t.add(nft.Rule(chain=chain, position=middle.handle, expressions=[], comment="after"))
        t.insert(nft.Rule(chain=chain, position=middle.handle, expressions=[], comment="before"))
        t.add(nft.Rule(chain=chain, expressions=[], comment="last"))
        t.insert(nft.Rule(chain=chain, expressions=[], comment="first"))
    assert [rule.comment for rule in nl.nft.rules(table, chain)] == ["first", "before", "middle", "after", "last"]


def test_nothing_is_sent_when_the_block_raises(nl: rawnl.Connection) -> None:
    generation = nl.nft.generation()
    with pytest.raises(ZeroDivisionError), nl.nft.transaction() as t:
        t.add(nft.Table("nat", family="ip"))
        raise ZeroDivisionError
    assert nl.nft.generation() == generation and listed(nl) == ""
    with nl.nft.transaction():
        pass
    assert nl.nft.generation() == generation
    with pytest.raises(ValueError, match="over"):
        t.add(nft.Table("nat", family="ip"))


def test_no_generation_is_used_up_by_asking_for_what_is_there(nl: rawnl.Connection) -> None:
    nl.nft.masquerade("192.168.100.0/24")
    generation = nl.nft.generation()
    nl.nft.masquerade("192.168.100.0/24")
    assert nl.nft.generation() == generation


def test_errors_name_the_object_and_the_attribute(nl: rawnl.Connection) -> None:
    load(nl, "table ip nat { chain out { } }")
    chain = nl.nft.get(nft.Chain("out", table="nat", family="ip"))
    jump = nft.Immediate(dreg="verdict", data=nft.Verdict(code="jump", chain="nowhere"))
    bad_jump = nft.Rule(chain=chain, expressions=[nft.Counter(), jump])
    bad_key = nft.Rule(chain=chain, expressions=[nft.Meta(dreg="reg_1", key=99)])
    missing, exists = FileNotFoundError, FileExistsError
    cases: list[tuple[str, Any, type[OSError], str, str]] = [
        ("create", nft.Table("nat", family="ip"), exists, "create table ip nat", "name"),
        ("create", nft.Chain("out", table="nat", family="ip"), exists, "create chain ip nat out", "name"),
        ("add", nft.Chain("c", table="none", family="ip"), missing, "add chain ip none c", "table"),
        ("add", bad_jump.replace(chain="none"), missing, "add rule ip nat none", "chain"),
        ("add", bad_jump, missing, "add rule ip nat out", "expressions[1](immediate)"),
        ("add", bad_key, OSError, "add rule ip nat out", "expressions[0](meta)"),
        ("delete", nft.Table("none", family="ip6"), missing, "delete table ip6 none", "name"),
        ("delete", nft.Rule(chain=chain, handle=999), missing, "delete rule ip nat out", "handle"),
    ]
    before = listed(nl)
    for verb, subject, error, request, attribute in cases:
        with pytest.raises(error) as caught, nl.nft.transaction() as t:
            t.add(nft.Table("unmade", family="ip"))
            getattr(t, verb)(subject)
        assert isinstance(caught.value, KernelError)
        assert (caught.value.request, caught.value.attribute) == (request, attribute)
    assert listed(nl) == before


def test_several_errors_are_told_apart(nl: rawnl.Connection) -> None:
    with pytest.raises(BatchError) as caught, nl.nft.transaction() as t:
        t.add(nft.Table("nat", family="ip"))
        t.add(nft.Chain("c", table="none", family="ip"))
        t.add(nft.Chain("d", table="nat", family="ip"))
        t.delete(nft.Table("none", family="ip6"))
    assert [(index, error.request) for index, error in caught.value.failures] == [
        (1, "add chain ip none c"),
        (3, "delete table ip6 none"),
    ]
    assert listed(nl) == ""


@pytest.mark.parametrize("bad", [0, 1, 2, 57, 499, 500])
def test_one_bad_item_and_nothing_is_there(nl: rawnl.Connection, bad: int) -> None:
    generation = nl.nft.generation()
    rule = plain("10.0.0.0/8")
    with pytest.raises(FileNotFoundError) as caught, nl.nft.transaction() as t:
        t.add(nft.Table("t", family="ip"))
        t.add(nft.Chain("c", table="t", family="ip", type="nat", hook="postrouting", priority=100))
        for index in range(501):
            t.add(rule.replace(table="t", chain="none" if index == bad else "c", family="ip"))
    assert isinstance(caught.value, KernelError) and caught.value.attribute == "chain"
    assert listed(nl) == "" and nl.nft.generation() == generation


def test_many_rules_and_all_their_handles(nl: rawnl.Connection) -> None:
    with nl.nft.transaction() as t:
        table = t.add(nft.Table("t", family="ip"))
        chain = t.add(nft.Chain("c", table=table))
        rules = [t.add(nft.Rule(chain=chain, expressions=[nft.Counter()], comment=str(n))) for n in range(1000)]
    assert [rule.handle for rule in nl.nft.rules(table, chain)] == [rule.handle for rule in rules]
    assert [rule.comment for rule in rules] == [str(n) for n in range(1000)]


def test_a_generation_conflict(nl: rawnl.Connection) -> None:
    generation = nl.nft.generation()
    with nl.nft.transaction(generation=generation) as t:
        t.add(nft.Table("first", family="ip"))
    with pytest.raises(GenerationChanged, match="nothing was changed"), nl.nft.transaction(generation=generation) as t:
        t.add(nft.Table("second", family="ip"))
    assert "second" not in listed(nl)


def test_guarded_work_is_done_over(nl: rawnl.Connection) -> None:
    other, calls = elsewhere(nl), 0

    def work(transaction: nft.Transaction) -> int:
        nonlocal calls
        calls += 1
        if calls not in (4, 7):
            with other.transaction() as t:
                t.create(nft.Table(f"noise{calls}", family="ip"))
        transaction.add(nft.Table("t", family="ip"))
        return calls

    assert nl.nft.guarded(work) == 4
    assert "table ip t " in listed(nl)
    with pytest.raises(GenerationChanged):
        nl.nft.guarded(work, attempts=2)
    assert calls == 6 and nl.nft.guarded(work, attempts=1) == 7


def test_deleting_only_what_is_empty(nl: rawnl.Connection) -> None:
    load(nl, "table ip t { chain c { accept; } }")
    table = nl.nft.get(nft.Table("t", family="ip"))
    with pytest.raises(KernelError) as caught, nl.nft.transaction() as t:
        t.delete(table, only_empty=True)
    assert caught.value.errno == EBUSY and "accept" in listed(nl)


def test_a_handle_never_hits_a_namesake(nl: rawnl.Connection) -> None:
    load(nl, "table ip t { }")
    table = nl.nft.get(nft.Table("t", family="ip"))
    load(nl, "delete table ip t; table ip t { chain theirs { } }")
    with pytest.raises(FileNotFoundError), nl.nft.transaction() as t:
        t.delete(table)
    assert "theirs" in listed(nl)


def test_no_family_is_refused(nl: rawnl.Connection) -> None:
    with pytest.raises(EncodeError, match="family: which family"), nl.nft.transaction() as t:
        t.add(nft.Table("t"))
    with pytest.raises(EncodeError, match="no handle"), nl.nft.transaction() as t:
        t.delete(nft.Rule(table="t", chain="c", family="ip"))
    with pytest.raises(EncodeError, match="no handle"), nl.nft.transaction() as t:
        t.replace(nft.Rule(table="t", chain="c", family="ip", expressions=[]))
