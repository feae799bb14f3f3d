"""Golden rows of expressions: elements of a rule's list, NFTA_EXPR_NAME and NFTA_EXPR_DATA.

Each row is (command, object, bytes in hexadecimal). The bytes are those with which Linux 6.18 lists the rule that the
command made (nft 1.0.6, iptables 1.8.9). "queue" and "flow add", which that kernel lacked, are as nft sent them.
"""

# ruff: noqa: F403, F405

from __future__ import annotations

from rawnl.nft import *

EXPRESSIONS = [
    (
        "nft add rule ip t c ip saddr 192.168.100.0/24 masquerade",
        Payload(dreg="reg_1", base="network_header", offset=12, len=3),
        "0c0001007061796c6f6164002400020008000100000000010800020000000001080003000000000c0800040000000003",
    ),
    (
        "nft add rule ip t f ip dscp set cs1",
        Payload(sreg="reg_1", base="network_header", offset=0, len=2, csum_type="inet", csum_offset=10, csum_flags=0),
        "0c0001007061796c6f6164003c0002000800050000000001080002000000000108000300000000000800040000000002"
        "0800060000000001080007000000000a0800080000000000",
    ),
    (
        "nft add rule ip t c ip saddr 192.168.100.0/24 masquerade",
        Cmp(sreg="reg_1", op="eq", data=b"\xc0\xa8d"),
        "08000100636d700020000200080001000000000108000200000000000c00030007000100c0a86400",
    ),
    (
        "nft add rule ip t c ip saddr 192.168.100.0/24 masquerade",
        Masquerade(),
        "090001006d6173710000000004000200",
    ),
    (
        "nft add rule ip t c ip protocol tcp masquerade to :1024-2048 fully-random",
        Masquerade(flags="proto_specified|proto_random_fully", reg_proto_min="reg_1", reg_proto_max="reg_2"),
        "090001006d617371000000001c000200080001000000001208000200000000010800030000000002",
    ),
    (
        "nft add rule ip t c oifname eth0 masquerade",
        Meta(key="oifname", dreg="reg_1"),
        "090001006d657461000000001400020008000200000000070800010000000001",
    ),
    (
        "nft add rule ip t f meta mark set 7",
        Meta(key="mark", sreg="reg_1"),
        "090001006d657461000000001400020008000200000000030800030000000001",
    ),
    (
        "nft add rule ip t c ip saddr 10.1.2.0/23 masquerade",
        Bitwise(sreg="reg_1", dreg="reg_1", len=4, op="mask_xor", mask=b"\xff\xff\xfe\x00", xor=b"\x00\x00\x00\x00"),
        "0c00010062697477697365003c0002000800010000000001080002000000000108000300000000040800060000000000"
        "0c00040008000100fffffe000c0005000800010000000000",
    ),
    (
        "nft add rule ip t f meta mark set meta mark << 4",
        Bitwise(sreg="reg_1", dreg="reg_1", len=4, op="lshift", data=b"\x04\x00\x00\x00"),
        "0c0001006269747769736500300002000800010000000001080002000000000108000300000000040800060000000001"
        "0c0007000800010004000000",
    ),
    (
        "nft add rule ip t f ip saddr != 10.0.0.1-10.0.0.9",
        Range(sreg="reg_1", op="neq", from_data=b"\n\x00\x00\x01", to_data=b"\n\x00\x00\t"),
        "0a00010072616e67650000002c000200080001000000000108000200000000010c000300080001000a0000010c000400"
        "080001000a000009",
    ),
    (
        "nft add rule ip t f meta mark 1-10",
        Byteorder(sreg="reg_1", dreg="reg_1", op="hton", len=4, size=4),
        "0e000100627974656f726465720000002c00020008000100000000010800020000000001080003000000000108000400"
        "000000040800050000000004",
    ),
    (
        "nft add rule ip t f ip saddr != @s",
        Lookup(set="s", sreg="reg_1", flags="inv"),
        "0b0001006c6f6f6b757000001c000200060001007300000008000200000000010800050000000001",
    ),
    (
        "nft add rule ip t f ip saddr vmap @m",
        Lookup(set="m", sreg="reg_1", dreg="verdict", flags=0),
        "0b0001006c6f6f6b7570000024000200060001006d000000080002000000000108000300000000000800050000000000",
    ),
    (
        "nft add rule ip t f update @s { ip saddr timeout 30s limit rate 5/second }",
        Dynset(
            sreg_key="reg_1",
            op="update",
            set_name="s",
            timeout=30000,
            expr=Limit(rate=5, unit=1, burst=5, type="pkts", flags=0),
            flags=0,
        ),
        "0b00010064796e7365740000740002000800040000000001080003000000000106000100730000000c00060000000000"
        "00007530440007000a0001006c696d6974000000340002000c00010000000000000000050c0002000000000000000001"
        "0800030000000005080004000000000008000500000000000800090000000000",
    ),
    (
        "nft add rule ip t f accept",
        Immediate(dreg="verdict", data=Verdict(code="accept")),
        "0e000100696d6d6564696174650000001c0002000800010000000000100002000c0002000800010000000001",
    ),
    (
        "nft add rule ip t f jump web",
        Immediate(dreg="verdict", data=Verdict(code="jump", chain="web")),
        "0e000100696d6d656469617465000000240002000800010000000000180002001400020008000100fffffffd0800020077656200",
    ),
    (
        "nft add rule ip t c snat to 192.0.2.1",
        Immediate(dreg="reg_1", data=b"\xc0\x00\x02\x01"),
        "0e000100696d6d6564696174650000001800020008000100000000010c00020008000100c0000201",
    ),
    (
        "nft add rule ip t f ct state established accept",
        Ct(dreg="reg_1", key="state"),
        "07000100637400001400020008000100000000010800020000000000",
    ),
    (
        "nft add rule ip t f ct original ip saddr 192.0.2.1",
        Ct(dreg="reg_1", key="src_ip", direction="original"),
        "07000100637400001c000200080001000000000108000200000000130500030000000000",
    ),
    (
        "nft add rule ip t f ct mark set 7",
        Ct(sreg="reg_1", key="mark"),
        "07000100637400001400020008000400000000010800020000000003",
    ),
    (
        "nft add rule ip t f rt classid 10",
        Rt(key="classid", dreg="reg_1"),
        "07000100727400001400020008000200000000000800010000000001",
    ),
    (
        "nft add rule inet t i socket transparent 1",
        Socket(key="transparent", dreg="reg_1"),
        "0b000100736f636b657400001400020008000100000000000800020000000001",
    ),
    (
        "nft add rule ip t p fib saddr . iif oif missing drop",
        Fib(dreg="reg_1", result="oif", flags="saddr|iif|present"),
        "08000100666962001c000200080001000000000108000200000000010800030000000029",
    ),
    (
        "nft add rule ip t f meta mark set jhash ip saddr mod 8 seed 0x2a offset 3",
        Hash(sreg="reg_2", dreg="reg_1", len=4, modulus=8, seed=42, offset=3, type="jenkins"),
        "0900010068617368000000003c0002000800010000000002080002000000000108000300000000040800040000000008"
        "080005000000002a08000600000000030800070000000000",
    ),
    (
        "nft add rule ip t f meta mark set symhash mod 2",
        Hash(dreg="reg_1", modulus=2, type="sym"),
        "0900010068617368000000001c000200080002000000000108000400000000020800070000000001",
    ),
    (
        "nft add rule ip t f meta mark set numgen inc mod 3 offset 100",
        Numgen(dreg="reg_1", modulus=3, type="incremental", offset=100),
        "0b0001006e756d67656e0000240002000800010000000001080002000000000308000300000000000800040000000064",
    ),
    (
        "nft add rule ip t f meta mark set numgen random mod 3",
        Numgen(dreg="reg_1", modulus=3, type="random", offset=0),
        "0b0001006e756d67656e0000240002000800010000000001080002000000000308000300000000010800040000000000",
    ),
    (
        "nft add rule ip t f osf name Linux",
        Osf(ttl=0, flags=0, dreg="reg_1"),
        "080001006f7366001c000200050002000000000008000300000000000800010000000001",
    ),
    (
        "nft add rule ip t f ipsec in reqid 1",
        Xfrm(dreg="reg_1", key="reqid", dir="in", spnum=0),
        "090001007866726d00000000240002000800010000000001080002000000000505000300000000000800040000000000",
    ),
    (
        "nft add rule ip t f tcp option maxseg size set 1400",
        Exthdr(sreg="reg_1", type=2, offset=2, len=2, flags=0, op="tcpopt"),
        "0b0001006578746864720000340002000800070000000001050002000200000008000300000000020800040000000002"
        "08000500000000000800060000000001",
    ),
    (
        "nft add rule ip6 t f exthdr hbh exists",
        Exthdr(dreg="reg_1", type=0, offset=0, len=1, flags=1, op="ipv6"),
        "0b0001006578746864720000340002000800010000000001050002000000000008000300000000000800040000000001"
        "08000500000000010800060000000000",
    ),
    (
        "nft add rule ip t f counter packets 3 bytes 400",
        Counter(bytes=400, packets=3),
        "0c000100636f756e746572001c0002000c00010000000000000001900c0002000000000000000003",
    ),
    (
        "nft add rule ip t f limit rate over 10/second burst 20 packets",
        Limit(rate=10, unit=1, burst=20, type="pkts", flags="inv"),
        "0a0001006c696d6974000000340002000c000100000000000000000a0c00020000000000000000010800030000000014"
        "08000400000000000800050000000001",
    ),
    (
        "nft add rule ip t f ct count over 20",
        Connlimit(count=20, flags="inv"),
        "0e000100636f6e6e6c696d69740000001400020008000100000000140800020000000001",
    ),
    (
        "nft add rule ip t f quota over 25 mbytes",
        Quota(bytes=26214400, consumed=0, flags="inv"),
        "0a00010071756f7461000000240002000c00010000000000019000000c00040000000000000000000800020000000001",
    ),
    (
        'nft add rule ip t f log prefix "in " group 2 snaplen 64 queue-threshold 5',
        Log(prefix="in ", group=2, snaplen=64, qthreshold=5),
        "080001006c6f67002400020008000200696e2000060001000002000008000300000000400600040000050000",
    ),
    (
        "nft add rule ip t f log level info flags ip options",
        Log(level="info", flags=4),
        "080001006c6f67001400020008000500000000060800060000000004",
    ),
    (
        "nft add rule ip t f queue num 1-3 bypass,fanout",
        Queue(num=1, total=3, flags="bypass|cpu_fanout"),
        "0a00010071756575650000001c000200060001000001000006000200000300000600030000030000",
    ),
    (
        "nft add rule ip t f reject with icmp type host-unreachable",
        Reject(type="icmp_unreach", icmp_code=1),
        "0b00010072656a65637400001400020008000100000000000500020001000000",
    ),
    (
        "nft add rule ip t f ip protocol tcp reject with tcp reset",
        Reject(type="tcp_rst"),
        "0b00010072656a65637400000c0002000800010000000001",
    ),
    (
        "nft add rule inet t f reject",
        Reject(type="icmpx_unreach", icmp_code=1),
        "0b00010072656a65637400001400020008000100000000020500020001000000",
    ),
    (
        "nft add rule ip t p notrack",
        Notrack(),
        "0c0001006e6f747261636b00",
    ),
    (
        "nft add rule ip t f synproxy mss 1460 wscale 7 timestamp sack-perm",
        Synproxy(mss=1460, wscale=7, flags=15),
        "0d00010073796e70726f7879000000001c0002000600010005b400000500020007000000080003000000000f",
    ),
    (
        "nft add rule ip t f counter name hits",
        Objref(imm_name="hits", imm_type="counter"),
        "0b0001006f626a7265660000180002000900020068697473000000000800010000000001",
    ),
    (
        "nft add rule ip t f flow add @ft",
        FlowOffload(table_name="ft"),
        "11000100666c6f775f6f66666c6f6164000000000c0002000700010066740000",
    ),
    (
        "nft add rule ip t c snat to 192.0.2.1-192.0.2.9 persistent",
        Nat(type="snat", family="ip", reg_addr_min="reg_1", reg_addr_max="reg_2", flags="map_ips|persistent"),
        "080001006e6174002c00020008000100000000000800020000000002080003000000000108000400000000020800070000000009",
    ),
    (
        "nft add rule ip t d tcp dport 80 dnat to 10.0.0.2:8080",
        Nat(
            type="dnat",
            family="ip",
            reg_addr_min="reg_1",
            reg_addr_max="reg_1",
            reg_proto_min="reg_2",
            reg_proto_max="reg_2",
            flags="map_ips|proto_specified",
        ),
        "080001006e6174003c000200080001000000000108000200000000020800030000000001080004000000000108000500"
        "0000000208000600000000020800070000000003",
    ),
    (
        "nft add rule ip t d tcp dport 80 redirect to :8080",
        Redirect(reg_proto_min="reg_1", reg_proto_max="reg_1", flags="proto_specified"),
        "0a00010072656469720000001c000200080001000000000108000200000000010800030000000002",
    ),
    (
        "nft add rule ip t p tcp dport 80 tproxy to 127.0.0.1:8080",
        Tproxy(family="ip", reg_addr="reg_1", reg_port="reg_2"),
        "0b0001007470726f787900001c000200080001000000000208000200000000010800030000000002",
    ),
    (
        "nft add rule ip t p dup to 192.0.2.7 device lo",
        Dup(sreg_addr="reg_1", sreg_dev="reg_2"),
        "08000100647570001400020008000100000000010800020000000002",
    ),
    (
        "nft add rule netdev t i fwd to lo",
        Fwd(sreg_dev="reg_1"),
        "08000100667764000c0002000800010000000001",
    ),
    (
        "nft add rule ip t f counter name ip saddr map @cm",
        Objref(set_sreg="reg_1", set_name="cm"),
        "0b0001006f626a726566000014000200080003000000000107000400636d0000",
    ),
    (
        "nft add rule ip t f update @dm { ip saddr : ip daddr }",
        Dynset(sreg_key="reg_1", sreg_data="reg_2", op="update", set_name="dm", timeout=0, flags=0),
        "0b00010064796e73657400003800020008000400000000010800050000000002080003000000000107000100646d0000"
        "0c00060000000000000000000800090000000000",
    ),
    (
        "nft add rule ip t f add @s2 { ip saddr limit rate 5/second counter }",
        Dynset(
            sreg_key="reg_1",
            op="add",
            set_name="s2",
            timeout=0,
            expressions=[Limit(rate=5, unit=1, burst=5, type="pkts", flags=0), Counter(bytes=0, packets=0)],
            flags=0,
        ),
        "0b00010064796e7365740000a40002000800040000000001080003000000000007000100733200000c00060000000000"
        "0000000074000a00440001000a0001006c696d6974000000340002000c00010000000000000000050c00020000000000"
        "000000010800030000000005080004000000000008000500000000002c0001000c000100636f756e746572001c000200"
        "0c00010000000000000000000c00020000000000000000000800090000000000",
    ),
    (
        "nft add rule ip t f queue to numgen inc mod 4",
        Queue(sreg_qnum="reg_1"),
        "0a00010071756575650000000c0002000800040000000001",
    ),
    (
        "nft add rule netdev t i fwd ip to 192.0.2.7 device lo",
        Fwd(sreg_dev="reg_1", sreg_addr="reg_2", nfproto="ip"),
        "08000100667764001c000200080001000000000108000200000000020800030000000002",
    ),
    (
        "iptables-nft -t nat -A POSTROUTING -m addrtype --dst-type LOCAL -j MASQUERADE",
        Match(name="addrtype", rev=1, info=b"\x00\x00\x04\x00\x00\x00\x00\x00"),
        "0a0001006d61746368000000280002000d00010061646472747970650000000008000200000000010c0003000000040000000000",
    ),
    (
        "iptables-nft -t mangle -A FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu",
        Target(name="TCPMSS", rev=0, info=b"\xff\xff\x00\x00\x00\x00\x00\x00"),
        "0b0001007461726765740000240002000b0001005443504d5353000008000200000000000c000300ffff000000000000",
    ),
    (
        "no nft of this version says it: rawnl's own, as the kernel lists it",
        Last(set=0, msecs=0),
        "090001006c617374000000001800020008000100000000000c0002000000000000000000",
    ),
    (
        "no nft of this version says it: rawnl's own, as the kernel lists it",
        Bitwise(sreg="reg_1", dreg="reg_1", len=4, op="and", sreg2="reg_2"),
        "0c00010062697477697365002c0002000800010000000001080002000000000108000300000000040800060000000003"
        "0800080000000002",
    ),
    (
        "no nft of this version says it: rawnl's own, as the kernel lists it",
        Inner(num=0, type=1, flags=15, hdrsize=8, expr=Payload(dreg="reg_1", base="network_header", offset=12, len=4)),
        "0a000100696e6e65720000005800020008000100000000000800020000000001080003000000000f0800040000000008"
        "340005000c0001007061796c6f6164002400020008000100000000010800020000000001080003000000000c08000400"
        "00000004",
    ),
    (
        "no nft of this version says it: rawnl's own, as the kernel lists it",
        Tunnel(key="id", dreg="reg_1", mode="rx"),
        "0b00010074756e6e656c00001c000200080001000000000108000200000000010800030000000001",
    ),
]
