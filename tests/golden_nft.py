"""Golden rows: what nft, iptables and the kernel themselves put on the wire, beside the object that says the same.

Each row is (command, object, bytes in hexadecimal). Captured with `strace -e write=all -e read=all` on Linux 6.18 with
nft 1.0.6 and iptables 1.8.9, from what these programs sent and what the kernel answered; sequence numbers and port ids
are zeroed. nft sets NLA_F_NESTED, the kernel does not: the rows are as they were captured.
"""

# ruff: noqa: F403, F405

from __future__ import annotations

from rawnl.nft import *

# Whole messages.
MESSAGES = [
    (
        "nft add table ip nat",
        Table(family="ip", name="nat", flags=0, nlmsg_flags=0x1),
        "24000000000a0100000000000000000002000000080001006e6174000800020000000000",
    ),
    (
        "nft add table ip nat",
        BatchBegin(res_id=10, nlmsg_flags=0x1),
        "140000001000010000000000000000000000000a",
    ),
    (
        "nft add table ip nat",
        BatchEnd(res_id=10, nlmsg_flags=0x1),
        "140000001100010000000000000000000000000a",
    ),
    (
        "nft add table ip nat",
        Generation(nlmsg_type=2576, nlmsg_flags=0x1),
        "14000000100a0100000000000000000000000000",
    ),
    (
        "the answer to: nft add table ip6 nat",
        Generation(res_id=56, id=56, proc_pid=5667, proc_name="nft"),
        "2c0000000f0a000000000000000000000000003808000100000000380800020000001623080003006e667400",
    ),
    (
        "nft add table ip old { comment hi; flags dormant; }",
        Table(family="ip", name="old", flags="dormant", userdata=b"\x00\x03hi\x00", nlmsg_flags=0x1),
        "30000000000a0100000000000000000002000000080001006f6c64000800020000000001090006000003686900000000",
    ),
    (
        "nft list tables",
        Table(nlmsg_type=2561, nlmsg_flags=0x301),
        "14000000010a0103000000000000000000000000",
    ),
    (
        "the answer to: nft list tables",
        Table(family="ip", res_id=58, name="t", use=8, handle=1, flags=0, nlmsg_flags=0x2),
        "38000000000a020000000000000000000200003a060001007400000008000300000000080c0004000000000000000001"
        "0800020000000000",
    ),
    (
        "nft add chain ip nat out { type nat hook postrouting priority srcnat; policy accept; }",
        Chain(
            family="ip",
            table="nat",
            name="out",
            type="nat",
            policy="accept",
            hook=Hook(hooknum=4, priority=100),
            nlmsg_flags=0x401,
        ),
        "48000000030a0104000000000000000002000000080001006e617400080003006f757400080007006e61740008000500"
        "000000011400048008000100000000040800020000000064",
    ),
    (
        "nft add chain ip nat web",
        Chain(family="ip", table="nat", name="web", nlmsg_flags=0x401),
        "24000000030a0104000000000000000002000000080001006e6174000800030077656200",
    ),
    (
        "nft add chain netdev t x { type filter hook ingress device lo priority -150; }",
        Chain(
            family="netdev",
            table="t",
            name="x",
            type="filter",
            hook=Hook(hooknum=0, priority=-150, dev="lo"),
            nlmsg_flags=0x401,
        ),
        "4c000000030a0104000000000000000005000000060001007400000006000300780000000b00070066696c7465720000"
        "1c000480080001000000000008000200ffffff6a070003006c6f0000",
    ),
    (
        "nft add rule ip nat out ip saddr 192.168.100.0/24 masquerade comment out",
        Rule(
            family="ip",
            table="nat",
            chain="out",
            expressions=[
                Payload(dreg="reg_1", base="network_header", offset=12, len=3),
                Cmp(sreg="reg_1", op="eq", data=b"\xc0\xa8d"),
                Masquerade(),
            ],
            userdata=b"\x00\x04out\x00",
            nlmsg_flags=0xC01,
        ),
        "a8000000060a010c000000000000000002000000080001006e617400080002006f75740078000480340001800c000100"
        "7061796c6f6164002400028008000100000000010800020000000001080003000000000c08000400000000032c000180"
        "08000100636d700020000280080001000000000108000200000000000c00038007000100c0a864001400018009000100"
        "6d61737100000000040002800a00070000046f7574000000",
    ),
    (
        "nft list chain ip nat out",
        Chain(family="ip", table="nat", name="out", nlmsg_type=2564, nlmsg_flags=0x5),
        "24000000040a0500000000000000000002000000080001006e617400080003006f757400",
    ),
    (
        "nft list chain ip nat out",
        Rule(family="ip", table="nat", chain="out", nlmsg_type=2567, nlmsg_flags=0x301),
        "24000000070a0103000000000000000002000000080001006e617400080002006f757400",
    ),
    (
        "the answer to: nft list chain ip nat out",
        Chain(
            family="ip",
            res_id=62,
            table="nat",
            name="out",
            handle=3,
            hook=Hook(hooknum=4, priority=100),
            policy="accept",
            type="nat",
            flags="base",
            use=1,
        ),
        "64000000030a000000000000000000000200003e080001006e617400080003006f7574000c0002000000000000000003"
        "14000400080001000000000408000200000000640800050000000001080007006e61740008000a000000000108000600"
        "00000001",
    ),
    (
        "the answer to: nft list chain ip nat out",
        Rule(
            family="ip",
            res_id=62,
            table="nat",
            chain="out",
            handle=5,
            expressions=[
                Payload(dreg="reg_1", base="network_header", offset=12, len=3),
                Cmp(sreg="reg_1", op="eq", data=b"\xc0\xa8d"),
                Masquerade(),
            ],
            userdata=b"\x00\x04out\x00",
            nlmsg_flags=0x802,
        ),
        "b4000000060a020800000000000000000200003e080001006e617400080002006f7574000c0003000000000000000005"
        "78000400340001000c0001007061796c6f6164002400020008000100000000010800020000000001080003000000000c"
        "08000400000000032c00010008000100636d700020000200080001000000000108000200000000000c00030007000100"
        "c0a8640014000100090001006d61737100000000040002000a00070000046f7574000000",
    ),
    (
        "the answer to: nft list chain netdev t x",
        Chain(
            family="netdev",
            res_id=62,
            table="t",
            name="x",
            handle=4,
            hook=Hook(hooknum=0, priority=-150, devs=Devices(name="lo"), dev="lo"),
            policy="accept",
            type="filter",
            flags="base",
            use=0,
        ),
        "7c000000030a000000000000000000000500003e060001007400000006000300780000000c0002000000000000000004"
        "28000400080001000000000008000200ffffff6a0c000400070001006c6f0000070003006c6f00000800050000000001"
        "0b00070066696c746572000008000a00000000010800060000000000",
    ),
    (
        "nft replace rule ip nat out handle 5 ip saddr 192.168.100.0/24 masquerade",
        Rule(
            family="ip",
            table="nat",
            chain="out",
            handle=5,
            expressions=[
                Payload(dreg="reg_1", base="network_header", offset=12, len=3),
                Cmp(sreg="reg_1", op="eq", data=b"\xc0\xa8d"),
                Masquerade(),
            ],
            nlmsg_flags=0x101,
        ),
        "a8000000060a0101000000000000000002000000080001006e617400080002006f7574000c0003000000000000000005"
        "78000480340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000000c"
        "08000400000000032c00018008000100636d700020000280080001000000000108000200000000000c00038007000100"
        "c0a8640014000180090001006d6173710000000004000280",
    ),
    (
        "nft insert rule ip nat out position 5 counter",
        Rule(family="ip", table="nat", chain="out", expressions=[Counter()], position=5, nlmsg_flags=0x401),
        "48000000060a0104000000000000000002000000080001006e617400080002006f75740018000480140001800c000100"
        "636f756e74657200040002800c0006000000000000000005",
    ),
    (
        "nft delete rule ip nat out handle 5",
        Rule(family="ip", table="nat", chain="out", handle=5, nlmsg_type=2568, nlmsg_flags=0x1),
        "30000000080a0100000000000000000002000000080001006e617400080002006f7574000c0003000000000000000005",
    ),
    (
        "nft delete chain ip nat web",
        Chain(family="ip", table="nat", name="web", nlmsg_type=2565, nlmsg_flags=0x1),
        "24000000050a0100000000000000000002000000080001006e6174000800030077656200",
    ),
    (
        "nft delete table ip nat",
        Table(family="ip", name="nat", nlmsg_type=2562, nlmsg_flags=0x1),
        "1c000000020a0100000000000000000002000000080001006e617400",
    ),
    (
        "iptables-nft -t mangle -A FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu",
        Rule(
            family="ip",
            table="mangle",
            chain="FORWARD",
            expressions=[
                Meta(key="l4proto", dreg="reg_1"),
                Cmp(sreg="reg_1", op="eq", data=b"\x06"),
                Payload(dreg="reg_1", base="transport_header", offset=13, len=1),
                Bitwise(sreg="reg_1", dreg="reg_1", len=1, mask=b"\x17", xor=b"\x00"),
                Cmp(sreg="reg_1", op="eq", data=b"\x02"),
                Counter(bytes=0, packets=0),
                Target(name="TCPMSS", rev=0, info=b"\xff\xff\x00\x00\x00\x00\x00\x00"),
            ],
            compat=Compat(proto=6, flags=0),
            nlmsg_flags=0xC01,
        ),
        "98010000060a010c0000000000000000020000000b0001006d616e676c6500000c000200464f52574152440058010480"
        "24000180090001006d6574610000000014000280080002000000001008000100000000012c00018008000100636d7000"
        "20000280080001000000000108000200000000000c0003800500010006000000340001800c0001007061796c6f616400"
        "2400028008000100000000010800020000000002080003000000000d0800040000000001440001800c00010062697477"
        "69736500340002800800010000000001080002000000000108000300000000010c00048005000100170000000c000580"
        "05000100000000002c00018008000100636d700020000280080001000000000108000200000000000c00038005000100"
        "020000002c0001800c000100636f756e746572001c0002800c00010000000000000000000c0002000000000000000000"
        "340001800b0001007461726765740000240002800b0001005443504d5353000008000200000000000c000300ffff0000"
        "000000001400058008000100000000060800020000000000",
    ),
]
