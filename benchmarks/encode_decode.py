"""Encoding one veth pair, decoding a listing: what Python takes when no kernel takes part.

Strategy: see `rivals/codec_side.py`, which each contender here is a form of.
"""

from __future__ import annotations

from functools import partial

from benchmarks.harness import Contender, Outcome, Work, python
from benchmarks.links_create import PYROUTE2
from benchmarks.links_delete import prepare as prepare_pairs
from benchmarks.rivals import tools
from benchmarks.rivals.codec_side import READ

SIDE = PYROUTE2.replace("pyroute2", "codec")


def _form(form: str, items: int) -> Outcome:
    return python(SIDE, form, items)


def prepare(size: int) -> None:
    """Pairs, so that there are `size` links with loopback."""
    prepare_pairs(size // 2)


def works() -> list[Work]:
    """Encoding and decoding."""
    pyroute2 = tools.pyroute2_absent()
    return [
        Work(
            name="encode",
            title="Encode a fully specified pair of veth",
            unit="pair",
            contenders=[
                Contender("template", partial(_form, "encode-template"), note="two names differ; as in add_many"),
                Contender("object built before", partial(_form, "encode-built")),
                Contender("object built each time", partial(_form, "encode-each"), note="as in a batch"),
                Contender("pyroute2 IPBatch", partial(_form, "encode-pyroute2"), pyroute2),
            ],
            sizes=(5000,),
            quick=(1000,),
            reference="object built each time",
            shared=True,
        ),
        Work(
            name="decode",
            title="Decode a listing of links, in memory",
            unit="link",
            contenders=[
                Contender("C scan", partial(_form, "decode-scan"), note="where all attributes begin"),
                Contender("Python scan", partial(_form, "decode-twin"), note="its twin, without the C core"),
                Contender("scan, objects", partial(_form, "decode-views")),
                Contender("scan, objects, six read", partial(_form, "decode-read")),
                Contender("scan, objects, all read", partial(_form, "decode-present"), note="every attribute"),
                *(Contender(f"read {name}", partial(_form, f"read-{name}")) for name in READ),
                Contender("pyroute2", partial(_form, "decode-pyroute2"), pyroute2, note="six read"),
            ],
            sizes=(2001,),
            quick=(1001,),
            reference="C scan",
            prepare=prepare,
            shared=True,
        ),
    ]
