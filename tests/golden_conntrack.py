"""Golden rows: what conntrack(8) and the kernel put on the wire of ctnetlink, beside the object that says the same.

Each row is (command, object, bytes in hexadecimal). Recorded with `capture.py` on Linux 6.18 with conntrack 1.4.7;
sequence numbers and port ids are zeroed. The gaps after a protocol's number are padding that libnetfilter_conntrack
leaves as it was in its memory. The kernel answers to `-S expect` with another message type than it was asked with.
"""

# ruff: noqa: F403, F405
# fmt: off

from __future__ import annotations

from rawnl.conntrack import *

ROWS = [
    (
        "conntrack -L",
        Flow(nlmsg_type=257, nlmsg_flags=0x301),
        "1400000001010103000000000000000000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv6", original=FlowTuple(ip=Addresses(v6_src="::1", v6_dst="::1"), proto=Layer4(num="icmpv6",
        icmpv6_id=7543, icmpv6_type=128, icmpv6_code=0)), reply=FlowTuple(ip=Addresses(v6_src="::1", v6_dst="::1"),
        proto=Layer4(num="icmpv6", icmpv6_id=7543, icmpv6_type=129, icmpv6_code=0)), status="seen_reply|confirmed",
        mark=0, id=3339061202, use=1, timeout=29, counters_orig=Counters(packets=1, bytes=104),
        counters_reply=Counters(packets=1, bytes=104), timestamp=Timestamp(start=1795467039526057254),
        labels=b"\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", nlmsg_flags=0x2),
        "400100000001020000000000000000000a000000540001802c0001801400030000000000000000000000000000000001140004000000"
        "000000000000000000000000000124000280050001003a000000060007001d7700000500080080000000050009000000000054000280"
        "2c0001801400030000000000000000000000000000000001140004000000000000000000000000000000000124000280050001003a00"
        "0000060007001d77000005000800810000000500090000000000080003000000000a080008000000000008000c00c70607d208000b00"
        "00000001080007000000001d1c0009800c00010000000000000000010c00020000000000000000681c000a800c000100000000000000"
        "00010c0002000000000000000068100014800c00010018eac7c278df75261400160002000000000000000000000000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="127.0.0.1", v4_dst="127.0.0.1"),
        proto=Layer4(num="icmp", icmp_id=7542, icmp_type=8, icmp_code=0)),
        reply=FlowTuple(ip=Addresses(v4_src="127.0.0.1", v4_dst="127.0.0.1"), proto=Layer4(num="icmp", icmp_id=7542,
        icmp_type=0, icmp_code=0)), status="seen_reply|confirmed", mark=0, id=4068189188, use=1, timeout=29,
        counters_orig=Counters(packets=1, bytes=84), counters_reply=Counters(packets=1, bytes=84),
        timestamp=Timestamp(start=1795467039524600769),
        labels=b"\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", nlmsg_flags=0x2),
        "10010000000102000000000000000000020000003c00018014000180080001007f000001080002007f00000124000280050001000100"
        "0000060004001d760000050005000800000005000600000000003c00028014000180080001007f000001080002007f00000124000280"
        "0500010001000000060004001d76000005000500000000000500060000000000080003000000000a080008000000000008000c00f27b"
        "a40408000b0000000001080007000000001d1c0009800c00010000000000000000010c00020000000000000000541c000a800c000100"
        "00000000000000010c0002000000000000000054100014800c00010018eac7c278c93bc1140016000200000000000000000000000000"
        "0000",
    ),
    (
        "conntrack -L -f ipv6",
        Flow(family="ipv6", nlmsg_type=257, nlmsg_flags=0x301),
        "140000000101010300000000000000000a000000",
    ),
    (
        "conntrack -L --mark 7/255 --zone 3",
        Flow(mark=7, mark_mask=255, nlmsg_type=257, nlmsg_flags=0x301),
        "2400000001010103000000000000000000000000080008000000000708001500000000ff",
    ),
    (
        "conntrack -L -u ASSURED",
        Flow(status="assured", status_mask="assured", nlmsg_type=257, nlmsg_flags=0x301),
        "2400000001010103000000000000000000000000080003000000000408001a0000000004",
    ),
    (
        "conntrack -C",
        TableStatistics(nlmsg_flags=0x1),
        "1400000005010100000000000000000000000000",
    ),
    (
        "the answer to: conntrack -C",
        TableStatistics(entries=2, max_entries=262144, nlmsg_flags=0x2),
        "240000000501020000000000000000000000000008000100000000020800020000040000",
    ),
    (
        "conntrack -S",
        Statistics(nlmsg_flags=0x301),
        "1400000004010103000000000000000000000000",
    ),
    (
        "the answer to: conntrack -S",
        Statistics(found=0, invalid=0, insert=0, insert_failed=0, drop=0, early_drop=0, error=0, search_restart=0,
        clash_resolve=0, chain_toolong=0, nlmsg_flags=0x2),
        "640000000401020000000000000000000000000008000200000000000800040000000000080008000000000008000900000000000800"
        "0a000000000008000b000000000008000c000000000008000d000000000008000e000000000008000f0000000000",
    ),
    (
        "conntrack -I -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 40000 --dport 443 --state ESTABLISHED -t 100 -u ASS"
        "URED,SEEN_REPLY -m 7 -w 3",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=40000, dst_port=443)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="tcp", attr_gap=b"\x10\x00\x00", src_port=443, dst_port=40000)),
        status="seen_reply|assured|confirmed", timeout=100, mark=7,
        protoinfo=ProtocolState(tcp=Tcp(state="established", attr_gap=b"\x10\x00\x00",
        flags_original=TcpFlags(flags="sack_perm|be_liberal", mask="sack_perm|be_liberal"),
        flags_reply=TcpFlags(flags="sack_perm|be_liberal", mask="sack_perm|be_liberal"))), zone=3, nlmsg_flags=0x605),
        "bc00000000010506000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001000600"
        "0000060002009c4000000600030001bb0000340002801400018008000100c633640108000200c00002011c0002800500010006100000"
        "0600020001bb0000060003009c400000080003000000000e08000700000000640800080000000007200004801c000180050001000310"
        "0000060004000a0a0000060005000a0a00000600120000030000",
    ),
    (
        "conntrack -I -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 5353 --dport 53 -t 100 --src-nat 203.0.113.1",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="udp", src_port=5353, dst_port=53)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="udp", attr_gap=b"\x10\x00\x00", src_port=53, dst_port=5353)),
        timeout=100, nat_src=Nat(v4_minip="203.0.113.1"), nlmsg_flags=0x605),
        "9000000000010506000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001001100"
        "00000600020014e900000600030000350000340002801400018008000100c633640108000200c00002011c0002800500010011100000"
        "06000200003500000600030014e9000008000700000000640c00068008000100cb007101",
    ),
    (
        "conntrack -I -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 5354 --dport 53 -t 100 --dst-nat 203.0.113.1:5300",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="udp", src_port=5354, dst_port=53)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="udp", attr_gap=b"\x10\x00\x00", src_port=53, dst_port=5354)),
        timeout=100, nat_dst=Nat(v4_minip="203.0.113.1", proto=NatPorts(port_min=5300, port_max=5300)),
        nlmsg_flags=0x605),
        "a400000000010506000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001001100"
        "00000600020014ea00000600030000350000340002801400018008000100c633640108000200c00002011c0002800500010011100000"
        "06000200003500000600030014ea0000080007000000006420000d8008000100cb007101140003800600010014b400000600020014b4"
        "0000",
    ),
    (
        "conntrack -I -p udp -s 2001:db8::1 -d 2001:db8::2 --sport 5353 --dport 53 -t 100 --src-nat 2001:db8::3",
        Flow(family="ipv6", original=FlowTuple(ip=Addresses(v6_src="2001:db8::1", v6_dst="2001:db8::2"),
        proto=Layer4(num="udp", src_port=5353, dst_port=53)), reply=FlowTuple(ip=Addresses(v6_src="2001:db8::2",
        v6_dst="2001:db8::1"), proto=Layer4(num="udp", attr_gap=b"r\x00\x00", src_port=53, dst_port=5353)),
        timeout=100, nat_src=Nat(v6_minip="2001:db8::3"), nlmsg_flags=0x605),
        "cc0000000001050600000000000000000a0000004c0001802c0001801400030020010db8000000000000000000000001140004002001"
        "0db80000000000000000000000021c00028005000100110000000600020014e9000006000300003500004c0002802c00018014000300"
        "20010db80000000000000000000000021400040020010db80000000000000000000000011c0002800500010011720000060002000035"
        "00000600030014e900000800070000000064180006801400040020010db8000000000000000000000003",
    ),
    (
        "conntrack -I -p sctp -s 192.0.2.1 -d 198.51.100.1 --sport 1 --dport 2 -t 100 --state ESTABLISHED --orig-vtag"
        " 1 --reply-vtag 2",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="sctp", src_port=1, dst_port=2)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="sctp", attr_gap=b"\x10\x00\x00", src_port=2, dst_port=1)),
        timeout=100, protoinfo=ProtocolState(sctp=Sctp(state="established", attr_gap=b"r\x00\x00",
        vtag_original=16777216, vtag_reply=33554432)), nlmsg_flags=0x605),
        "a400000000010506000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001008400"
        "000006000200000100000600030000020000340002801400018008000100c633640108000200c00002011c0002800500010084100000"
        "060002000002000006000300000100000800070000000064200004801c00038005000100047200000800020001000000080003000200"
        "0000",
    ),
    (
        "conntrack -I -p dccp -s 192.0.2.1 -d 198.51.100.1 --sport 1 --dport 2 -t 100 --state OPEN --role client",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="dccp", src_port=1, dst_port=2)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="dccp", attr_gap=b"\x10\x00\x00", src_port=2, dst_port=1)),
        timeout=100, protoinfo=ProtocolState(dccp=Dccp(state="open", attr_gap=b"r\x00\x00", role=0,
        attr_gap_1=b"r\x00\x00")), nlmsg_flags=0x605),
        "9c00000000010506000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001002100"
        "000006000200000100000600030000020000340002801400018008000100c633640108000200c00002011c0002800500010021100000"
        "060002000002000006000300000100000800070000000064180004801400028005000100047200000500020000720000",
    ),
    (
        "conntrack -I -p gre -s 192.0.2.1 -d 198.51.100.1 --srckey 1 --dstkey 2 -t 100",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="gre", src_port=1, dst_port=2)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="gre", attr_gap=b"\x10\x00\x00", src_port=2, dst_port=1)), timeout=100,
        nlmsg_flags=0x605),
        "8400000000010506000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001002f00"
        "000006000200000100000600030000020000340002801400018008000100c633640108000200c00002011c000280050001002f100000"
        "060002000002000006000300000100000800070000000064",
    ),
    (
        "conntrack -I -p icmp -s 192.0.2.1 -d 198.51.100.1 --icmp-type 8 --icmp-code 0 --icmp-id 9 -t 100",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="icmp", icmp_code=0, icmp_type=8, icmp_id=9)),
        reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"), proto=Layer4(num="icmp",
        attr_gap=b" \x00\x00", icmp_code=0, icmp_type=0, attr_gap_1=b"`\x00\x00", icmp_id=9)), timeout=100,
        nlmsg_flags=0x605),
        "94000000000105060000000000000000020000003c0001801400018008000100c000020108000200c633640124000280050001000100"
        "00000500060000000000050005000800000006000400000900003c0002801400018008000100c633640108000200c000020124000280"
        "05000100012000000500060000000000050005000060000006000400000900000800070000000064",
    ),
    (
        "conntrack -I -p icmpv6 -s 2001:db8::1 -d 2001:db8::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 9 -t 100",
        Flow(family="ipv6", original=FlowTuple(ip=Addresses(v6_src="2001:db8::1", v6_dst="2001:db8::2"),
        proto=Layer4(num="icmpv6", icmpv6_code=0, icmpv6_type=128, icmpv6_id=9)),
        reply=FlowTuple(ip=Addresses(v6_src="2001:db8::2", v6_dst="2001:db8::1"), proto=Layer4(num="icmpv6",
        attr_gap=b"\x10\x00\x00", icmpv6_code=0, attr_gap_1=b"`\x00\x00", icmpv6_type=129, icmpv6_id=9)),
        timeout=100, nlmsg_flags=0x605),
        "c40000000001050600000000000000000a000000540001802c0001801400030020010db8000000000000000000000001140004002001"
        "0db800000000000000000000000224000280050001003a00000005000900000000000500080080000000060007000009000054000280"
        "2c0001801400030020010db80000000000000000000000021400040020010db800000000000000000000000124000280050001003a10"
        "00000500090000600000050008008100000006000700000900000800070000000064",
    ),
    (
        "conntrack -I -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 4 --dport 80 --state SYN_SENT -t 100 --orig-zone 4",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=4, dst_port=80), zone=4),
        reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"), proto=Layer4(num="tcp",
        attr_gap=b" \x00\x00", src_port=80, dst_port=4)), timeout=100,
        protoinfo=ProtocolState(tcp=Tcp(state="syn_sent", attr_gap=b"r\x00\x00",
        flags_original=TcpFlags(flags="sack_perm|be_liberal", mask="sack_perm|be_liberal"),
        flags_reply=TcpFlags(flags="sack_perm|be_liberal", mask="sack_perm|be_liberal"))), nlmsg_flags=0x605),
        "ac000000000105060000000000000000020000003c0001801400018008000100c000020108000200c63364011c000280050001000600"
        "0000060002000004000006000300005000000600030000040000340002801400018008000100c633640108000200c00002011c000280"
        "0500010006200000060002000050000006000300000400000800070000000064200004801c0001800500010001720000060004000a0a"
        "0000060005000a0a0000",
    ),
    (
        "conntrack -U -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 40000 --dport 443 -m 9 -t 50",
        Flow(family="ipv4", nlmsg_type=257, nlmsg_flags=0x301),
        "1400000001010103000000000000000002000000",
    ),
    (
        "conntrack -D -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 5354 --dport 53",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="udp", src_port=5354, dst_port=53)), reply=FlowTuple(ip=Addresses(v4_src="203.0.113.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="udp", src_port=5300, dst_port=5354)),
        status="confirmed|dst_nat|src_nat_done|dst_nat_done", timeout=99, mark=0, synproxy=Synproxy(isn=0, its=0,
        tsoff=0), nlmsg_type=258, nlmsg_flags=0x5),
        "b000000002010500000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001001100"
        "00000600020014ea00000600030000350000340002801400018008000100cb00710108000200c00002011c0002800500010011000000"
        "0600020014b400000600030014ea000008000300000001a8080007000000006308000800000000001c00188008000100000000000800"
        "0200000000000800030000000000",
    ),
    (
        "conntrack -L dying",
        Flow(nlmsg_type=262, nlmsg_flags=0x301),
        "1400000006010103000000000000000000000000",
    ),
    (
        "conntrack -L unconfirmed",
        Flow(nlmsg_type=263, nlmsg_flags=0x301),
        "1400000007010103000000000000000000000000",
    ),
    (
        "conntrack -I expect --orig-src 192.0.2.1 --orig-dst 198.51.100.1 -p tcp --sport 40001 --dport 21 -t 60 --tup"
        "le-src 198.51.100.1 --tuple-dst 192.0.2.1 --mask-src 255.255.255.255 --mask-dst 255.255.255.255 --tuple-port"
        "-src 0 --tuple-port-dst 2000 --mask-port-src 0 --mask-port-dst 65535",
        Expectation(family="ipv4", tuple=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"),
        proto=Layer4(num=7)), master=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=40001, dst_port=21)), mask=FlowTuple(ip=Addresses(v4_src="255.255.255.255",
        v4_dst="255.255.255.255"), proto=Layer4(num="tcp", src_port=0, dst_port=65535)), timeout=60,
        nlmsg_flags=0x605),
        "a800000000020506000000000000000002000000240002801400018008000100c633640108000200c00002010c000280050001000700"
        "0000340001801400018008000100c000020108000200c63364011c0002800500010006000000060002009c4100000600030000150000"
        "340003801400018008000100ffffffff08000200ffffffff1c0002800500010006000000060002000000000006000300ffff00000800"
        "04000000003c",
    ),
    (
        "conntrack -L expect",
        Expectation(family="ipv4", nlmsg_type=513, nlmsg_flags=0x301),
        "1400000001020103000000000000000002000000",
    ),
    (
        "the answer to: conntrack -L expect",
        Expectation(family="ipv4", tuple=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"),
        proto=Layer4(num=7)), mask=FlowTuple(ip=Addresses(v4_src="255.255.255.255", v4_dst="255.255.255.255"),
        proto=Layer4(num=7)), master=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=40001, dst_port=21)), timeout=299, id=4171381063, flags=0, class_=0,
        help_name="ftp", nlmsg_flags=0x2),
        "b800000000020200000000000000000002000000240002801400018008000100c633640108000200c00002010c000280050001000700"
        "0000240003801400018008000100ffffffff08000200ffffffff0c0002800500010007000000340001801400018008000100c0000201"
        "08000200c63364011c0002800500010006000000060002009c4100000600030000150000080004000000012b08000500f8a239470800"
        "08000000000008000900000000000800060066747000",
    ),
    (
        "conntrack -S expect",
        ExpectationStatistics(nlmsg_flags=0x301),
        "1400000003020103000000000000000000000000",
    ),
    (
        "the answer to: conntrack -S expect",
        Flow(attr_1=b"\x00\x00\x00\x00", attr_2=b"\x00\x00\x00\x00", status=0, nlmsg_type=259, nlmsg_flags=0x2),
        "2c00000003010200000000000000000000000000080001000000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -S expect",
        Flow(res_id=1, attr_1=b"\x00\x00\x00\x00", attr_2=b"\x00\x00\x00\x01", status=0, nlmsg_type=259,
        nlmsg_flags=0x2),
        "2c00000003010200000000000000000000000001080001000000000008000200000000010800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv6", original=FlowTuple(ip=Addresses(v6_src="2001:db8::1", v6_dst="2001:db8::2"),
        proto=Layer4(num="udp", src_port=5353, dst_port=53)), reply=FlowTuple(ip=Addresses(v6_src="2001:db8::2",
        v6_dst="2001:db8::3"), proto=Layer4(num="udp", src_port=53, dst_port=5353)),
        status="confirmed|src_nat|src_nat_done|dst_nat_done", mark=0, id=924913887, use=1, timeout=99,
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039641794747), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "380100000001020000000000000000000a0000004c0001802c0001801400030020010db8000000000000000000000001140004002001"
        "0db80000000000000000000000021c00028005000100110000000600020014e9000006000300003500004c0002802c00018014000300"
        "20010db80000000000000000000000021400040020010db80000000000000000000000031c0002800500010011000000060002000035"
        "00000600030014e900000800030000000198080008000000000008000c00372110df08000b000000000108000700000000631c000980"
        "0c00010000000000000000000c00020000000000000000001c000a800c00010000000000000000000c00020000000000000000001000"
        "14800c00010018eac7c27fc578bb1c001880080001000000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=40001, dst_port=21)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="tcp", src_port=21, dst_port=40001)),
        status="seen_reply|assured|confirmed|helper", mark=0, id=2679414345, use=1, timeout=99,
        protoinfo=ProtocolState(tcp=Tcp(state="established", wscale_original=0, wscale_reply=0,
        flags_original=TcpFlags(), flags_reply=TcpFlags())), counters_orig=Counters(packets=0, bytes=0),
        counters_reply=Counters(packets=0, bytes=0), timestamp=Timestamp(start=1795467039838155307),
        help=Helper(name="ftp"), labels=b"\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "5801000000010200000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001000600"
        "0000060002009c4100000600030000150000340002801400018008000100c633640108000200c00002011c0002800500010006000000"
        "0600020000150000060003009c410000080003000000200e080008000000000008000c009fb49e4908000b0000000001080007000000"
        "0063300004802c000180050001000300000005000200000000000500030000000000060004000000000006000500000000001c000980"
        "0c00010000000000000000000c00020000000000000000001c000a800c00010000000000000000000c00020000000000000000001000"
        "14800c00010018eac7c28b79b22b0c000580080001006674700014001600020000000000000000000000000000001c00188008000100"
        "0000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=4, dst_port=80), zone=4),
        reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"), proto=Layer4(num="tcp", src_port=80,
        dst_port=4)), status="confirmed", mark=0, id=1093237451, use=1, timeout=99,
        protoinfo=ProtocolState(tcp=Tcp(state="syn_sent", wscale_original=0, wscale_reply=0,
        flags_original=TcpFlags(flags="sack_perm|be_liberal"), flags_reply=TcpFlags(flags="sack_perm|be_liberal"))),
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039734012596), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "40010000000102000000000000000000020000003c0001801400018008000100c000020108000200c63364011c000280050001000600"
        "0000060002000004000006000300005000000600030000040000340002801400018008000100c633640108000200c00002011c000280"
        "0500010006000000060002000050000006000300000400000800030000000008080008000000000008000c0041297acb08000b000000"
        "00010800070000000063300004802c000180050001000100000005000200000000000500030000000000060004000a00000006000500"
        "0a0000001c0009800c00010000000000000000000c00020000000000000000001c000a800c00010000000000000000000c0002000000"
        "000000000000100014800c00010018eac7c285449ab41c001880080001000000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="dccp")), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"),
        proto=Layer4(num="dccp")), status="confirmed", mark=0, id=2528987645, use=1, timeout=99,
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039651997693), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "e800000000010200000000000000000002000000240001801400018008000100c000020108000200c63364010c000280050001002100"
        "0000240002801400018008000100c633640108000200c00002010c000280050001002100000008000300000000080800080000000000"
        "08000c0096bd49fd08000b000000000108000700000000631c0009800c00010000000000000000000c00020000000000000000001c00"
        "0a800c00010000000000000000000c0002000000000000000000100014800c00010018eac7c2806127fd1c0018800800010000000000"
        "08000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="sctp", src_port=1, dst_port=2)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="sctp", src_port=2, dst_port=1)), status="confirmed", mark=0,
        id=2315096195, use=1, timeout=99, protoinfo=ProtocolState(sctp=Sctp(state="established",
        vtag_original=16777216, vtag_reply=33554432)), counters_orig=Counters(packets=0, bytes=0),
        counters_reply=Counters(packets=0, bytes=0), timestamp=Timestamp(start=1795467039646766889),
        synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "2801000000010200000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001008400"
        "000006000200000100000600030000020000340002801400018008000100c633640108000200c00002011c0002800500010084000000"
        "060002000002000006000300000100000800030000000008080008000000000008000c0089fd908308000b0000000001080007000000"
        "0063200004801c0003800500010004000000080002000100000008000300020000001c0009800c00010000000000000000000c000200"
        "00000000000000001c000a800c00010000000000000000000c0002000000000000000000100014800c00010018eac7c2801157291c00"
        "1880080001000000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="tcp", src_port=40000, dst_port=443)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="tcp", src_port=443, dst_port=40000)), zone=3,
        status="seen_reply|assured|confirmed", mark=7, id=215295061, use=1, timeout=99,
        protoinfo=ProtocolState(tcp=Tcp(state="established", wscale_original=0, wscale_reply=0,
        flags_original=TcpFlags(flags="sack_perm|be_liberal"), flags_reply=TcpFlags(flags="sack_perm|be_liberal"))),
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039626088661), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "4001000000010200000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001000600"
        "0000060002009c4000000600030001bb0000340002801400018008000100c633640108000200c00002011c0002800500010006000000"
        "0600020001bb0000060003009c4000000600120000030000080003000000000e080008000000000708000c000cd5245508000b000000"
        "00010800070000000063300004802c000180050001000300000005000200000000000500030000000000060004000a00000006000500"
        "0a0000001c0009800c00010000000000000000000c00020000000000000000001c000a800c00010000000000000000000c0002000000"
        "000000000000100014800c00010018eac7c27ed5d0d51c001880080001000000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="icmp", icmp_id=9, icmp_type=8, icmp_code=0)),
        reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1", v4_dst="192.0.2.1"), proto=Layer4(num="icmp", icmp_id=9,
        icmp_type=0, icmp_code=0)), status="confirmed", mark=0, id=1282178492, use=1, timeout=99,
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039699472344), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "18010000000102000000000000000000020000003c0001801400018008000100c000020108000200c633640124000280050001000100"
        "00000600040000090000050005000800000005000600000000003c0002801400018008000100c633640108000200c000020124000280"
        "05000100010000000600040000090000050005000000000005000600000000000800030000000008080008000000000008000c004c6c"
        "7dbc08000b000000000108000700000000631c0009800c00010000000000000000000c00020000000000000000001c000a800c000100"
        "00000000000000000c0002000000000000000000100014800c00010018eac7c283358fd81c0018800800010000000000080002000000"
        "00000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="gre", src_port=1, dst_port=2)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="192.0.2.1"), proto=Layer4(num="gre", src_port=2, dst_port=1)), status="confirmed", mark=0,
        id=511557134, use=1, timeout=99, counters_orig=Counters(packets=0, bytes=0),
        counters_reply=Counters(packets=0, bytes=0), timestamp=Timestamp(start=1795467039679463273),
        synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "0801000000010200000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001002f00"
        "000006000200000100000600030000020000340002801400018008000100c633640108000200c00002011c000280050001002f000000"
        "060002000002000006000300000100000800030000000008080008000000000008000c001e7dbe0e08000b0000000001080007000000"
        "00631c0009800c00010000000000000000000c00020000000000000000001c000a800c00010000000000000000000c00020000000000"
        "00000000100014800c00010018eac7c282043f691c001880080001000000000008000200000000000800030000000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv6", original=FlowTuple(ip=Addresses(v6_src="2001:db8::1", v6_dst="2001:db8::2"),
        proto=Layer4(num="icmpv6", icmpv6_id=9, icmpv6_type=128, icmpv6_code=0)),
        reply=FlowTuple(ip=Addresses(v6_src="2001:db8::2", v6_dst="2001:db8::1"), proto=Layer4(num="icmpv6",
        icmpv6_id=9, icmpv6_type=129, icmpv6_code=0)), status="confirmed", mark=0, id=64702875, use=1, timeout=99,
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039721479110), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "480100000001020000000000000000000a000000540001802c0001801400030020010db8000000000000000000000001140004002001"
        "0db800000000000000000000000224000280050001003a00000006000700000900000500080080000000050009000000000054000280"
        "2c0001801400030020010db80000000000000000000000021400040020010db800000000000000000000000124000280050001003a00"
        "00000600070000090000050008008100000005000900000000000800030000000008080008000000000008000c0003db499b08000b00"
        "0000000108000700000000631c0009800c00010000000000000000000c00020000000000000000001c000a800c000100000000000000"
        "00000c0002000000000000000000100014800c00010018eac7c284855bc61c0018800800010000000000080002000000000008000300"
        "00000000",
    ),
    (
        "the answer to: conntrack -L",
        Flow(family="ipv4", original=FlowTuple(ip=Addresses(v4_src="192.0.2.1", v4_dst="198.51.100.1"),
        proto=Layer4(num="udp", src_port=5353, dst_port=53)), reply=FlowTuple(ip=Addresses(v4_src="198.51.100.1",
        v4_dst="203.0.113.1"), proto=Layer4(num="udp", src_port=53, dst_port=5353)),
        status="confirmed|src_nat|src_nat_done|dst_nat_done", mark=0, id=712852504, use=1, timeout=99,
        counters_orig=Counters(packets=0, bytes=0), counters_reply=Counters(packets=0, bytes=0),
        timestamp=Timestamp(start=1795467039631018502), synproxy=Synproxy(isn=0, its=0, tsoff=0), nlmsg_flags=0x2),
        "0801000000010200000000000000000002000000340001801400018008000100c000020108000200c63364011c000280050001001100"
        "00000600020014e900000600030000350000340002801400018008000100c633640108000200cb0071011c0002800500010011000000"
        "06000200003500000600030014e900000800030000000198080008000000000008000c002a7d441808000b0000000001080007000000"
        "00631c0009800c00010000000000000000000c00020000000000000000001c000a800c00010000000000000000000c00020000000000"
        "00000000100014800c00010018eac7c27f210a061c001880080001000000000008000200000000000800030000000000",
    ),
    (
        "conntrack -F expect",
        Expectation(family="ipv4", nlmsg_type=514, nlmsg_flags=0x5),
        "1400000002020500000000000000000002000000",
    ),
    (
        "conntrack -F",
        Flow(nlmsg_type=258, nlmsg_flags=0x5),
        "1400000002010500000000000000000000000000",
    ),
]
