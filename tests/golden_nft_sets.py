"""Golden rows of sets, elements and named objects: what nft and the kernel put on the wire, as in `golden_nft.py`.

Lists of elements that nft sends have one element here: it numbers them where the kernel gives all the same type.
"""

# ruff: noqa: F403, F405

from __future__ import annotations

from rawnl.attribute import Unterminated
from rawnl.nft import *

MESSAGES = [
    (
        "nft add set ip t s1 { type ipv4_addr; }",
        Set(
            family="ip",
            table="t",
            name="s1",
            flags=0,
            key_type=7,
            key_len=4,
            id=1,
            userdata=b"\x00\x04\x02\x00\x00\x00",
            nlmsg_flags=0x401,
        ),
        "50000000090a010400000000000000000200000006000100740000000700020073310000080003000000000008000400"
        "00000007080005000000000408000a00000000010a000d000004020000000000",
    ),
    (
        "nft add set ip t s2 { type ipv4_addr . inet_service; flags interval, timeout; timeout 1h; "
        "gc-interval 10s; size 1000; "
        'policy memory; comment "hello"; }',
        Set(
            family="ip",
            table="t",
            name="s2",
            flags="interval|timeout|concat",
            key_type=461,
            key_len=8,
            id=1,
            policy="memory",
            desc=SetDesc(size=1000, concat=[SetField(len=4), SetField(len=2)]),
            timeout=3600000,
            gc_interval=10000,
            userdata=b"\x00\x04\x00\x00\x00\x00\x03\x08\x00\x04\r\x00\x00\x00\x01\x00\x07\x06hello\x00",
            nlmsg_flags=0x401,
        ),
        "a4000000090a010400000000000000000200000006000100740000000700020073320000080003000000009408000400"
        "000001cd080005000000000808000a000000000108000800000000012800098008000100000003e81c0002800c000180"
        "08000100000000040c00018008000100000000020c000b00000000000036ee8008000c00000027101c000d0000040000"
        "0000030800040d0000000100070668656c6c6f00",
    ),
    (
        'nft add element ip t s2 { 10.0.0.0/8 . 80-90 timeout 5s comment "x" }',
        ElementList(
            family="ip",
            table="t",
            set="s2",
            set_id=2,
            elements=[
                Element(
                    timeout=5000,
                    key=Data(value=b"\n\x00\x00\x00\x00P\x00\x00"),
                    key_end=Data(value=b"\n\xff\xff\xff\x00Z\x00\x00"),
                    userdata=b"\x00\x02x\x00",
                )
            ],
            nlmsg_flags=0x401,
        ),
        "680000000c0a01040000000000000000020000000600010074000000070002007332000008000400000000023c000380"
        "380001800c0004000000000000001388100001800c0001000a0000000050000010000a800c0001000affffff005a0000"
        "0800060000027800",
    ),
    (
        "nft add set ip t s3 { type ipv4_addr; flags interval; auto-merge; }",
        Set(
            family="ip",
            table="t",
            name="s3",
            flags="interval",
            key_type=7,
            key_len=4,
            id=1,
            userdata=b"\x00\x04\x02\x00\x00\x00\x02\x04\x01\x00\x00\x00",
            nlmsg_flags=0x401,
        ),
        "54000000090a010400000000000000000200000006000100740000000700020073330000080003000000000408000400"
        "00000007080005000000000408000a000000000110000d00000402000000020401000000",
    ),
    (
        "nft add set ip t s4 { type ipv4_addr; size 65535; flags dynamic,timeout; counter; }",
        Set(
            family="ip",
            table="t",
            name="s4",
            flags="timeout|eval",
            key_type=7,
            key_len=4,
            id=1,
            desc=SetDesc(size=65535),
            userdata=b"\x00\x04\x02\x00\x00\x00",
            expr=Counter(),
            nlmsg_flags=0x401,
        ),
        "70000000090a010400000000000000000200000006000100740000000700020073340000080003000000003008000400"
        "00000007080005000000000408000a00000000010c000980080001000000ffff0a000d00000402000000000014001180"
        "0c000100636f756e7465720004000280",
    ),
    (
        "nft add element ip t s4 { 10.0.0.1 counter packets 3 bytes 4 timeout 1h expires 30m }",
        ElementList(
            family="ip",
            table="t",
            set="s4",
            set_id=4,
            elements=[
                Element(
                    timeout=3600000,
                    expiration=1800000,
                    key=Data(value=b"\n\x00\x00\x01"),
                    expr=Counter(bytes=4, packets=3),
                )
            ],
            nlmsg_flags=0x401,
        ),
        "840000000c0a010400000000000000000200000006000100740000000700020073340000080004000000000458000380"
        "540001800c000400000000000036ee800c00050000000000001b77400c000180080001000a0000012c0007800c000100"
        "636f756e746572001c0002800c00010000000000000000040c0002000000000000000003",
    ),
    (
        "nft add set ip t s5 { type ipv4_addr; size 9; flags dynamic; counter quota over 5 bytes; }",
        Set(
            family="ip",
            table="t",
            name="s5",
            flags="eval|expr",
            key_type=7,
            key_len=4,
            id=1,
            desc=SetDesc(size=9),
            userdata=b"\x00\x04\x02\x00\x00\x00",
            expressions=[Counter(), Quota(bytes=5, consumed=0, flags="inv")],
            nlmsg_flags=0x401,
        ),
        "a8000000090a010400000000000000000200000006000100740000000700020073350000080003000000012008000400"
        "00000007080005000000000408000a00000000010c00098008000100000000090a000d0000040200000000004c001280"
        "140001800c000100636f756e7465720004000280340001800a00010071756f7461000000240002800c00010000000000"
        "000000050c00040000000000000000000800020000000001",
    ),
    (
        "nft add map ip t m1 { type inet_service : ipv4_addr . inet_service; }",
        Set(
            family="ip",
            table="t",
            name="m1",
            flags="map",
            key_type=13,
            key_len=2,
            data_type=461,
            data_len=8,
            id=1,
            userdata=b"\x00\x04\x02\x00\x00\x00\x01\x04\x00\x00\x00\x00\x04\x08\x00\x04\r\x00\x00\x00\x01\x00\x06\x04\x00\x00\x00\x00",
            nlmsg_flags=0x401,
        ),
        "74000000090a01040000000000000000020000000600010074000000070002006d310000080003000000000808000400"
        "0000000d080005000000000208000600000001cd080007000000000808000a000000000120000d000004020000000104"
        "00000000040800040d0000000100060400000000",
    ),
    (
        "nft add element ip t m1 { 80 : 10.0.0.1 . 8080 }",
        ElementList(
            family="ip",
            table="t",
            set="m1",
            set_id=6,
            elements=[Element(key=Data(value=b"\x00P"), data=Data(value=b"\n\x00\x00\x01\x1f\x90\x00\x00"))],
            nlmsg_flags=0x401,
        ),
        "500000000c0a01040000000000000000020000000600010074000000070002006d310000080004000000000624000380"
        "200001800c0001800600010000500000100002800c0001000a0000011f900000",
    ),
    (
        "nft add map ip t m2 { type ipv4_addr : verdict; }",
        Set(
            family="ip",
            table="t",
            name="m2",
            flags="map",
            key_type=7,
            key_len=4,
            data_type=4294967040,
            data_len=0,
            id=1,
            userdata=b"\x00\x04\x02\x00\x00\x00\x01\x04\x00\x00\x00\x00\x06\x04\x00\x00\x00\x00",
            nlmsg_flags=0x401,
        ),
        "6c000000090a01040000000000000000020000000600010074000000070002006d320000080003000000000808000400"
        "00000007080005000000000408000600ffffff00080007000000000008000a000000000116000d000004020000000104"
        "000000000604000000000000",
    ),
    (
        "nft add element ip t m2 { 10.0.0.1 : jump more }",
        ElementList(
            family="ip",
            table="t",
            set="m2",
            set_id=7,
            elements=[
                Element(key=Data(value=b"\n\x00\x00\x01"), data=Data(verdict=Verdict(code="jump", chain="more")))
            ],
            nlmsg_flags=0x401,
        ),
        "5c0000000c0a01040000000000000000020000000600010074000000070002006d320000080004000000000730000380"
        "2c0001800c000180080001000a0000011c0002801800028008000100fffffffd090002006d6f726500000000",
    ),
    (
        "nft add element ip t m2 { * : drop }",
        ElementList(
            family="ip",
            table="t",
            set="m2",
            set_id=7,
            elements=[Element(flags="catchall", data=Data(verdict=Verdict(code="drop")))],
            nlmsg_flags=0x401,
        ),
        "4c0000000c0a01040000000000000000020000000600010074000000070002006d320000080004000000000720000380"
        "1c0001800800030000000002100002800c0002800800010000000000",
    ),
    (
        "nft add map ip t m3 { type ipv4_addr : counter; }",
        Set(
            family="ip",
            table="t",
            name="m3",
            flags="object",
            key_type=7,
            key_len=4,
            obj_type="counter",
            id=1,
            userdata=b"\x00\x04\x02\x00\x00\x00\x06\x04\x00\x00\x00\x00",
            nlmsg_flags=0x401,
        ),
        "5c000000090a01040000000000000000020000000600010074000000070002006d330000080003000000004008000400"
        "00000007080005000000000408000f000000000108000a000000000110000d00000402000000060400000000",
    ),
    (
        'nft add element ip t m3 { 10.0.0.1 : "hits" }',
        ElementList(
            family="ip",
            table="t",
            set="m3",
            set_id=8,
            elements=[Element(key=Data(value=b"\n\x00\x00\x01"), objref="hits")],
            nlmsg_flags=0x401,
        ),
        "4c0000000c0a01040000000000000000020000000600010074000000070002006d330000080004000000000820000380"
        "1c0001800c000180080001000a000001090009006869747300000000",
    ),
    (
        "nft add map ip t m4 { type inet_service : interval ipv4_addr; }",
        Set(
            family="ip",
            table="t",
            name="m4",
            flags="map",
            key_type=13,
            key_len=2,
            data_type=7,
            data_len=8,
            id=1,
            userdata=b"\x00\x04\x02\x00\x00\x00\x01\x04\x02\x00\x00\x00\x06\x04\x01\x00\x00\x00",
            nlmsg_flags=0x401,
        ),
        "6c000000090a01040000000000000000020000000600010074000000070002006d340000080003000000000808000400"
        "0000000d08000500000000020800060000000007080007000000000808000a000000000116000d000004020000000104"
        "020000000604010000000000",
    ),
    (
        "nft list ruleset",
        Set(nlmsg_type=2570, nlmsg_flags=0x301),
        "140000000a0a0103000000000000000000000000",
    ),
    (
        "nft list ruleset",
        Flowtable(nlmsg_type=2583, nlmsg_flags=0x301),
        "14000000170a0103000000000000000000000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="s1", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a010300000000000000000200000007000200733100000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="s2", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a010300000000000000000200000007000200733200000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="s3", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a010300000000000000000200000007000200733300000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="s4", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a010300000000000000000200000007000200733400000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="s5", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a010300000000000000000200000007000200733500000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="m1", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a0103000000000000000002000000070002006d3100000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="m2", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a0103000000000000000002000000070002006d3200000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="m3", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a0103000000000000000002000000070002006d3300000600010074000000",
    ),
    (
        "nft list ruleset",
        ElementList(family="ip", set="m4", table="t", nlmsg_type=2573, nlmsg_flags=0x301),
        "240000000d0a0103000000000000000002000000070002006d3400000600010074000000",
    ),
    (
        "nft list ruleset",
        Stateful(family="ip", table="t", nlmsg_type=2579, nlmsg_flags=0x301),
        "1c000000130a01030000000000000000020000000600010074000000",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="s1",
            handle=3,
            key_type=7,
            key_len=4,
            userdata=b"\x00\x04\x02\x00\x00\x00",
            desc=SetDesc(),
            type="0xffffffff82507f40",
            count=0,
            nlmsg_flags=0x2,
        ),
        "70000000090a0200000000000000000002000015060001007400000007000200733100000c0010000000000000000003"
        "080004000000000708000500000000040a000d0000040200000000000400090017001300307866666666666666663832"
        "35303766343000000800140000000000",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="s2",
            handle=4,
            flags="interval|timeout|concat",
            key_type=461,
            key_len=8,
            timeout=3600000,
            gc_interval=10000,
            policy="memory",
            userdata=b"\x00\x04\x00\x00\x00\x00\x03\x08\x00\x04\r\x00\x00\x00\x01\x00\x07\x06hello\x00",
            desc=SetDesc(size=1000, concat=[SetField(len=4), SetField(len=2)]),
            type="0xffffffff825081a0",
            count=1,
            nlmsg_flags=0x2,
        ),
        "c8000000090a0200000000000000000002000015060001007400000007000200733200000c0010000000000000000004"
        "080003000000009408000400000001cd08000500000000080c000b00000000000036ee8008000c000000271008000800"
        "000000011c000d00000400000000030800040d0000000100070668656c6c6f002800090008000100000003e81c000200"
        "0c00010008000100000000040c0001000800010000000002170013003078666666666666666638323530383161300000"
        "0800140000000001",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="s3",
            handle=5,
            flags="interval",
            key_type=7,
            key_len=4,
            userdata=b"\x00\x04\x02\x00\x00\x00\x02\x04\x01\x00\x00\x00",
            desc=SetDesc(),
            type="0xffffffff825080e0",
            count=2,
            nlmsg_flags=0x2,
        ),
        "7c000000090a0200000000000000000002000015060001007400000007000200733300000c0010000000000000000005"
        "08000300000000040800040000000007080005000000000410000d000004020000000204010000000400090017001300"
        "30786666666666666666383235303830653000000800140000000002",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="s4",
            handle=6,
            flags="timeout|eval",
            key_type=7,
            key_len=4,
            userdata=b"\x00\x04\x02\x00\x00\x00",
            desc=SetDesc(size=65535),
            type="0xffffffff82507f40",
            count=1,
            expr=Counter(bytes=0, packets=0),
            nlmsg_flags=0x2,
        ),
        "ac000000090a0200000000000000000002000015060001007400000007000200733400000c0010000000000000000006"
        "0800030000000030080004000000000708000500000000040a000d0000040200000000000c000900080001000000ffff"
        "17001300307866666666666666663832353037663430000008001400000000012c0011000c000100636f756e74657200"
        "1c0002000c00010000000000000000000c0002000000000000000000",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="s5",
            handle=7,
            flags="eval|expr",
            key_type=7,
            key_len=4,
            userdata=b"\x00\x04\x02\x00\x00\x00",
            desc=SetDesc(size=9),
            type="0xffffffff82507f40",
            count=1,
            expressions=[Counter(bytes=0, packets=0), Quota(bytes=5, consumed=0, flags="inv")],
            nlmsg_flags=0x2,
        ),
        "e4000000090a0200000000000000000002000015060001007400000007000200733500000c0010000000000000000007"
        "0800030000000120080004000000000708000500000000040a000d0000040200000000000c0009000800010000000009"
        "1700130030786666666666666666383235303766343000000800140000000001640012002c0001000c000100636f756e"
        "746572001c0002000c00010000000000000000000c0002000000000000000000340001000a00010071756f7461000000"
        "240002000c00010000000000000000050c00040000000000000000000800020000000001",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="m1",
            handle=8,
            flags="map",
            key_type=13,
            key_len=2,
            data_type=461,
            data_len=8,
            userdata=b"\x00\x04\x02\x00\x00\x00\x01\x04\x00\x00\x00\x00\x04\x08\x00\x04\r\x00\x00\x00\x01\x00\x06\x04\x00\x00\x00\x00",
            desc=SetDesc(),
            type="0xffffffff82507f40",
            count=1,
            nlmsg_flags=0x2,
        ),
        "9c000000090a02000000000000000000020000150600010074000000070002006d3100000c0010000000000000000008"
        "0800030000000008080004000000000d080005000000000208000600000001cd080007000000000820000d0000040200"
        "0000010400000000040800040d0000000100060400000000040009001700130030786666666666666666383235303766"
        "343000000800140000000001",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="m2",
            handle=9,
            flags="map",
            key_type=7,
            key_len=4,
            data_type=4294967040,
            data_len=16,
            userdata=b"\x00\x04\x02\x00\x00\x00\x01\x04\x00\x00\x00\x00\x06\x04\x00\x00\x00\x00",
            desc=SetDesc(),
            type="0xffffffff82507f40",
            count=1,
            nlmsg_flags=0x2,
        ),
        "94000000090a02000000000000000000020000150600010074000000070002006d3200000c0010000000000000000009"
        "08000300000000080800040000000007080005000000000408000600ffffff00080007000000001016000d0000040200"
        "000001040000000006040000000000000400090017001300307866666666666666663832353037663430000008001400"
        "00000001",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="m3",
            handle=10,
            flags="object",
            key_type=7,
            key_len=4,
            obj_type="counter",
            userdata=b"\x00\x04\x02\x00\x00\x00\x06\x04\x00\x00\x00\x00",
            desc=SetDesc(),
            type="0xffffffff82507f40",
            count=1,
            nlmsg_flags=0x2,
        ),
        "84000000090a02000000000000000000020000150600010074000000070002006d3300000c001000000000000000000a"
        "08000300000000400800040000000007080005000000000408000f000000000110000d00000402000000060400000000"
        "040009001700130030786666666666666666383235303766343000000800140000000001",
    ),
    (
        "the answer to: nft list ruleset",
        Set(
            family="ip",
            res_id=21,
            table="t",
            name="m4",
            handle=11,
            flags="map",
            key_type=13,
            key_len=2,
            data_type=7,
            data_len=8,
            userdata=b"\x00\x04\x02\x00\x00\x00\x01\x04\x02\x00\x00\x00\x06\x04\x01\x00\x00\x00",
            desc=SetDesc(),
            type="0xffffffff82507f40",
            count=0,
            nlmsg_flags=0x2,
        ),
        "94000000090a02000000000000000000020000150600010074000000070002006d3400000c001000000000000000000b"
        "0800030000000008080004000000000d08000500000000020800060000000007080007000000000816000d0000040200"
        "000001040200000006040100000000000400090017001300307866666666666666663832353037663430000008001400"
        "00000000",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="s1", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002007331000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="s2",
            elements=[
                Element(
                    key=Data(value=b"\n\x00\x00\x00\x00P\x00\x00"),
                    key_end=Data(value=b"\n\xff\xff\xff\x00Z\x00\x00"),
                    timeout=5000,
                    expiration=4680,
                    userdata=b"\x00\x02x\x00",
                )
            ],
            nlmsg_flags=0x2,
        ),
        "6c0000000c0a020000000000000000000200001506000100740000000700020073320000480003004400010010000100"
        "0c0001000a0000000050000010000a000c0001000affffff005a00000c00040000000000000013880c00050000000000"
        "000012480800060000027800",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="s2", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002007332000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="s3",
            elements=[
                Element(key=Data(value=b"\xff\x00\x00\x00"), userdata=b"\x01\x04\x01\x00\x00\x00"),
                Element(key=Data(value=b"\x0b\x00\x00\x00"), flags="interval_end"),
                Element(key=Data(value=b"\n\x00\x00\x00")),
                Element(key=Data(value=b"\x00\x00\x00\x00"), flags="interval_end"),
            ],
            nlmsg_flags=0x2,
        ),
        "840000000c0a020000000000000000000200001506000100740000000700020073330000600003001c0001000c000100"
        "08000100ff0000000a0006000104010000000000180001000c000100080001000b000000080003000000000110000100"
        "0c000100080001000a000000180001000c00010008000100000000000800030000000001",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="s3", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002007333000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="s4",
            elements=[
                Element(
                    key=Data(value=b"\n\x00\x00\x01"),
                    expr=Counter(bytes=4, packets=3),
                    timeout=3600000,
                    expiration=1799728,
                )
            ],
            nlmsg_flags=0x2,
        ),
        "7c0000000c0a02000000000000000000020000150600010074000000070002007334000058000300540001000c000100"
        "080001000a0000012c0007000c000100636f756e746572001c0002000c00010000000000000000040c00020000000000"
        "000000030c000400000000000036ee800c00050000000000001b7630",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="s4", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002007334000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="s5",
            elements=[
                Element(
                    key=Data(value=b"\n\x00\x00\x01"),
                    expressions=[Counter(bytes=0, packets=0), Quota(bytes=5, consumed=0, flags="inv")],
                )
            ],
            nlmsg_flags=0x2,
        ),
        "9c0000000c0a02000000000000000000020000150600010074000000070002007335000078000300740001000c000100"
        "080001000a00000164000b002c0001000c000100636f756e746572001c0002000c00010000000000000000000c000200"
        "0000000000000000340001000a00010071756f7461000000240002000c00010000000000000000050c00040000000000"
        "000000000800020000000001",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="s5", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002007335000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="m1",
            elements=[Element(key=Data(value=b"\x00P"), data=Data(value=b"\n\x00\x00\x01\x1f\x90\x00\x00"))],
            nlmsg_flags=0x2,
        ),
        "480000000c0a02000000000000000000020000150600010074000000070002006d31000024000300200001000c000100"
        "0600010000500000100002000c0001000a0000011f900000",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="m1", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002006d31000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="m2",
            elements=[
                Element(key=Data(value=b"\n\x00\x00\x01"), data=Data(verdict=Verdict(code="jump", chain="more")))
            ],
            nlmsg_flags=0x2,
        ),
        "540000000c0a02000000000000000000020000150600010074000000070002006d320000300003002c0001000c000100"
        "080001000a0000011c0002001800020008000100fffffffd090002006d6f726500000000",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="m2",
            elements=[Element(data=Data(verdict=Verdict(code="drop")), flags="catchall")],
            nlmsg_flags=0x2,
        ),
        "440000000c0a02000000000000000000020000150600010074000000070002006d320000200003001c00010010000200"
        "0c00020008000100000000000800030000000002",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(
            family="ip",
            res_id=21,
            table="t",
            set="m3",
            elements=[Element(key=Data(value=b"\n\x00\x00\x01"), objref="hits")],
            nlmsg_flags=0x2,
        ),
        "440000000c0a02000000000000000000020000150600010074000000070002006d330000200003001c0001000c000100"
        "080001000a000001090009006869747300000000",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="m3", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002006d33000004000300",
    ),
    (
        "the answer to: nft list ruleset",
        ElementList(family="ip", res_id=21, table="t", set="m4", elements=[], nlmsg_flags=0x2),
        "280000000c0a02000000000000000000020000150600010074000000070002006d34000004000300",
    ),
    (
        "nft delete element ip t m1 { 80 }",
        ElementList(
            family="ip",
            table="t",
            set="m1",
            elements=[Element(key=Data(value=b"\x00P"))],
            nlmsg_type=2574,
            nlmsg_flags=0x1,
        ),
        "380000000e0a01000000000000000000020000000600010074000000070002006d31000014000380100001800c000180"
        "0600010000500000",
    ),
    (
        "nft delete set ip t s1",
        Set(family="ip", table="t", name="s1", nlmsg_type=2571, nlmsg_flags=0x1),
        "240000000b0a010000000000000000000200000006000100740000000700020073310000",
    ),
    (
        "nft add flowtable ip t f { hook ingress priority 0; devices = { lo }; counter; }",
        Flowtable(
            family="ip",
            table="t",
            name="f",
            hook=FlowtableHook(num=0, priority=0, devs=Devices(name=["lo"])),
            flags="counter",
            nlmsg_flags=0x401,
        ),
        "4c000000160a010400000000000000000200000006000100740000000600020066000000200003800800010000000000"
        "08000200000000000c000380070001006c6f00000800070000000002",
    ),
    (
        "nft delete flowtable ip t f",
        Flowtable(family="ip", table="t", name="f", nlmsg_type=2584, nlmsg_flags=0x1),
        "24000000180a010000000000000000000200000006000100740000000600020066000000",
    ),
    (
        'nft add counter ip t c1 { packets 5 bytes 6 ; comment "hi"; }',
        Stateful(
            family="ip",
            table="t",
            name="c1",
            type="counter",
            userdata=b"\x00\x03hi\x00",
            data=Counter(bytes=6, packets=5),
            nlmsg_flags=0x401,
        ),
        "54000000120a010400000000000000000200000006000100740000000700020063310000080003000000000109000800"
        "00036869000000001c0004800c00010000000000000000060c0002000000000000000005",
    ),
    (
        "nft add quota ip t q1 { over 5 mbytes; }",
        Stateful(
            family="ip",
            table="t",
            name="q1",
            type="quota",
            data=Quota(bytes=5242880, consumed=0, flags="inv"),
            nlmsg_flags=0x401,
        ),
        "50000000120a010400000000000000000200000006000100740000000700020071310000080003000000000224000480"
        "0c00010000000000005000000c00040000000000000000000800020000000001",
    ),
    (
        "nft add limit ip t l1 { rate over 5 mbytes/minute burst 9 kbytes; }",
        Stateful(
            family="ip",
            table="t",
            name="l1",
            type="limit",
            data=Limit(rate=5242880, unit=60, burst=9216, type="pkt_bytes", flags="inv"),
            nlmsg_flags=0x401,
        ),
        "60000000120a01040000000000000000020000000600010074000000070002006c310000080003000000000434000480"
        "0c00010000000000005000000c000200000000000000003c080003000000240008000400000000010800050000000001",
    ),
    (
        "nft add synproxy ip t y1 { mss 1460; wscale 7; timestamp; }",
        Stateful(
            family="ip",
            table="t",
            name="y1",
            type="synproxy",
            data=Synproxy(mss=1460, wscale=7, flags=11),
            nlmsg_flags=0x401,
        ),
        "48000000120a010400000000000000000200000006000100740000000700020079310000080003000000000a1c000480"
        "0600010005b400000500020007000000080003000000000b",
    ),
    (
        'nft add ct helper ip t h1 { type "ftp" protocol tcp; l3proto ip; }',
        Stateful(
            family="ip",
            table="t",
            name="h1",
            type="ct_helper",
            data=CtHelper(name=Unterminated("ftp"), l3proto=2, l4proto=6),
            nlmsg_flags=0x401,
        ),
        "48000000120a01040000000000000000020000000600010074000000070002006831000008000300000000031c000480"
        "070001006674700006000200000200000500030006000000",
    ),
    (
        "nft add ct expectation ip t e1 { protocol tcp; dport 9876; timeout 2m; size 12; l3proto ip; }",
        Stateful(
            family="ip",
            table="t",
            name="e1",
            type="ct_expect",
            data=CtExpectation(l3proto=2, l4proto=6, dport=9876, timeout=120000, size=12),
            nlmsg_flags=0x401,
        ),
        "58000000120a01040000000000000000020000000600010074000000070002006531000008000300000000092c000480"
        "06000100000200000500020006000000060003002694000008000400c0d40100050005000c000000",
    ),
    (
        "nft delete counter ip t c1",
        Stateful(family="ip", table="t", name="c1", type="counter", data=Counter(), nlmsg_type=2580, nlmsg_flags=0x1),
        "30000000140a010000000000000000000200000006000100740000000700020063310000080003000000000104000480",
    ),
    (
        "the answer to: nft list quotas",
        Stateful(
            family="ip",
            res_id=30,
            table="t",
            name="hits",
            type="counter",
            handle=1,
            use=1,
            data=Counter(bytes=0, packets=0),
            nlmsg_flags=0x802,
        ),
        "60000000120a020800000000000000000200001e06000100740000000900020068697473000000000800030000000001"
        "0c000600000000000000000108000500000000011c0004000c00010000000000000000000c0002000000000000000000",
    ),
    (
        "the answer to: nft list quotas",
        Stateful(
            family="ip",
            res_id=30,
            table="t",
            name="q1",
            type="quota",
            handle=14,
            use=0,
            data=Quota(bytes=5242880, consumed=0, flags="inv"),
            nlmsg_flags=0x802,
        ),
        "64000000120a020800000000000000000200001e0600010074000000070002007131000008000300000000020c000600"
        "000000000000000e0800050000000000240004000c00010000000000005000000c000400000000000000000008000200"
        "00000001",
    ),
    (
        "the answer to: nft list quotas",
        Stateful(
            family="ip",
            res_id=30,
            table="t",
            name="l1",
            type="limit",
            handle=15,
            use=0,
            data=Limit(rate=5242880, unit=60, burst=9216, type="pkt_bytes", flags="inv"),
            nlmsg_flags=0x802,
        ),
        "74000000120a020800000000000000000200001e0600010074000000070002006c31000008000300000000040c000600"
        "000000000000000f0800050000000000340004000c00010000000000005000000c000200000000000000003c08000300"
        "0000240008000400000000010800050000000001",
    ),
    (
        "the answer to: nft list quotas",
        Stateful(
            family="ip",
            res_id=30,
            table="t",
            name="y1",
            type="synproxy",
            handle=16,
            use=0,
            data=Synproxy(mss=1460, wscale=7, flags=11),
            nlmsg_flags=0x802,
        ),
        "5c000000120a020800000000000000000200001e06000100740000000700020079310000080003000000000a0c000600"
        "000000000000001008000500000000001c0004000600010005b400000500020007000000080003000000000b",
    ),
    (
        "the answer to: nft list quotas",
        Stateful(
            family="ip",
            res_id=30,
            table="t",
            name="h1",
            type="ct_helper",
            handle=17,
            use=0,
            data=CtHelper(name="ftp", l4proto=6, l3proto=2),
            nlmsg_flags=0x802,
        ),
        "5c000000120a020800000000000000000200001e0600010074000000070002006831000008000300000000030c000600"
        "000000000000001108000500000000001c000400080001006674700005000300060000000600020000020000",
    ),
    (
        "the answer to: nft list quotas",
        Stateful(
            family="ip",
            res_id=30,
            table="t",
            name="e1",
            type="ct_expect",
            handle=18,
            use=0,
            data=CtExpectation(l3proto=2, l4proto=6, dport=9876, timeout=120000, size=12),
            nlmsg_flags=0x802,
        ),
        "6c000000120a020800000000000000000200001e0600010074000000070002006531000008000300000000090c000600"
        "000000000000001208000500000000002c00040006000100000200000500020006000000060003002694000008000400"
        "c0d40100050005000c000000",
    ),
    (
        "nft reset quotas",
        Stateful(type="quota", data=Quota(), nlmsg_type=2581, nlmsg_flags=0x301),
        "20000000150a0103000000000000000000000000080003000000000204000480",
    ),
]
