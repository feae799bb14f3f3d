"""Golden rows: what `ip` and `bridge` themselves put on the wire, beside the object that says the same.

Each row is (command, object, bytes in hexadecimal), recorded by `capture.py` with iproute2 6.1 on Linux 6.18; sequence
numbers and port ids are zeroed. The commands are carried out one after the other in one namespace, all of COMMANDS, so
that the rows can be made again.
"""

# ruff: noqa: F403, F405, E501
# fmt: off

from __future__ import annotations

from rawnl.attribute import Unterminated
from rawnl.control import *
from rawnl.route.address import *
from rawnl.route.kinds.bridge import *
from rawnl.route.kinds.veth import *
from rawnl.route.link import *
from rawnl.route.neighbour import *
from rawnl.route.nsid import *
from rawnl.route.route import *
from rawnl.route.rule import *
from rawnl.tagged import Opaque

COMMANDS = [
    "ip link add v0 index 10 address 02:00:00:00:00:01 type veth peer name v1 index 11 address 02:00:00:00:00:02",
    "ip link add v0 type veth",
    "ip link add br0 index 12 address 02:00:00:00:00:03 type bridge stp_state 1 forward_delay 400",
    "ip link add d0 mtu 1400 type dummy",
    "ip link add i0 index 13 address 02:00:00:00:00:04 txqueuelen 9 type ifb",
    "ip link add m0 link v1 type macvlan mode bridge",
    "ip link set dev v0 master br0",
    "ip link set dev v0 type bridge_slave cost 7",
    "ip link set dev v1 up",
    "ip link set dev v0 up",
    "ip link set dev br0 up",
    "ip link set dev lo up",
    "ip link set dev v0 alias 'two words'",
    "ip link property add dev v0 altname a-name-of-more-than-15-bytes altname ünïcode",
    "ip netns add red",
    "ip netns set red 7",
    "ip link set dev i0 netns red",
    "ip address add 192.0.2.1/24 broadcast + dev v1 label v1:one",
    "ip address add 198.51.100.1 peer 198.51.100.2/32 dev v1 scope link",
    "ip address add 2001:db8::1/64 dev v1 nodad preferred_lft 100 valid_lft 200",
    "ip address show dev v1",
    "ip route add default via 192.0.2.7",
    "ip route add 203.0.113.0/24 proto static src 192.0.2.1 metric 5 table 1000 nexthop via 192.0.2.7 dev v1 weight 2 nexthop via inet6 2001:db8::7 dev v1",
    "ip route add 203.0.113.0/25 via 192.0.2.7 mtu lock 1400 initcwnd 20 onlink dev v1",
    "ip route add blackhole 10.0.0.0/8",
    "ip -6 route add 2001:db8:1::/48 via 2001:db8::7 dev v1 pref high",
    "ip -4 route show table 1000",
    "ip -4 route show table main",
    "ip -6 route show 2001:db8:1::/48",
    "ip route get 203.0.113.9",
    "ip neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v1 nud permanent",
    "ip neighbour add proxy 2001:db8::9 dev v1",
    "ip neighbour show dev v1",
    "bridge fdb add 02:00:00:00:00:08 dev v0 master static",
    "ip rule add from 10.0.0.0/8 to 192.0.2.0/24 iif v1 fwmark 0x1/0xff sport 5-9 ipproto tcp table 77 priority 100",
    "ip -6 rule add uidrange 0-0 not oif v1 suppress_prefixlength 0 lookup 78 priority 101",
    "ip -4 rule show priority 100",
    "ip -6 rule show priority 101",
    "ip netns list-id",
    "ip -s link show dev v0",
    "ip link show dev v1",
    "ip link show dev br0",
    "bridge link show dev v0",
    "ip netconf show dev v1",
    "ip rule del priority 4000",
    "ip address add 2001:db8::1/64 dev v1",
    "ip address delete 192.0.2.1/24 dev v1",
    "ip link delete dev br0",
]

SENT = [
    (
        "ip link add v0 index 10 address 02:00:00:00:00:01 type veth peer name v1 index 11 address 02:00:00:00:00:02",
        Link(index=10, address="02:00:00:00:00:01", name="v0", linkinfo=LinkInfo(kind=Unterminated("veth"),
        data=Veth(peer=Link(index=11, address="02:00:00:00:00:02", name="v1"))), nlmsg_flags=0x605),
        "6c000000100005060000000000000000000000000a00000000000000000000000a000100020000000001000007000300763000003800"
        "120008000100766574682c00020028000100000000000b00000000000000000000000a00010002000000000200000700030076310000",
    ),
    (
        "ip link add br0 index 12 address 02:00:00:00:00:03 type bridge stp_state 1 forward_delay 400",
        Link(index=12, address="02:00:00:00:00:03", name="br0", linkinfo=LinkInfo(kind=Unterminated("bridge"),
        data=Bridge(stp_state=1, forward_delay=400)), nlmsg_flags=0x605),
        "58000000100005060000000000000000000000000c00000000000000000000000a000100020000000003000008000300627230002400"
        "12000a00010062726964676500001400020008000500010000000800010090010000",
    ),
    (
        "ip link add d0 mtu 1400 type dummy",
        Link(mtu=1400, name="d0", linkinfo=LinkInfo(kind=Unterminated("dummy")), nlmsg_flags=0x605),
        "400000001000050600000000000000000000000000000000000000000000000008000400780500000700030064300000100012000900"
        "010064756d6d79000000",
    ),
    (
        "ip link add i0 index 13 address 02:00:00:00:00:04 txqueuelen 9 type ifb",
        Link(index=13, address="02:00:00:00:00:04", txqlen=9, name="i0", linkinfo=LinkInfo(kind=Unterminated("ifb")),
        nlmsg_flags=0x605),
        "48000000100005060000000000000000000000000d00000000000000000000000a000100020000000004000008000d00090000000700"
        "0300693000000c0012000700010069666200",
    ),
    (
        "ip link add m0 link v1 type macvlan mode bridge",
        Link(link=11, name="m0", linkinfo=LinkInfo(kind=Unterminated("macvlan"), data=Opaque(Unterminated("macvlan"),
        b"\x08\x00\x01\x00\x04\x00\x00\x00")), nlmsg_flags=0x605),
        "4c00000010000506000000000000000000000000000000000000000000000000080005000b000000070003006d3000001c0012000b00"
        "01006d6163766c616e000c0002000800010004000000",
    ),
    (
        "ip link set dev v0 master br0",
        Link(index=10, master=12, nlmsg_flags=0x5),
        "28000000100005000000000000000000000000000a000000000000000000000008000a000c000000",
    ),
    (
        "ip link set dev v0 type bridge_slave cost 7",
        Link(index=10, linkinfo=LinkInfo(kind=Unterminated("bridge_slave"), slave_data=BridgePort(cost=7)),
        nlmsg_flags=0x5),
        "40000000100005000000000000000000000000000a000000000000000000000020001200100001006272696467655f736c6176650c00"
        "05000800030007000000",
    ),
    (
        "ip link set dev v0 alias 'two words'",
        Link(index=10, ifalias=Unterminated("two\x20words"), nlmsg_flags=0x5),
        "30000000100005000000000000000000000000000a00000000000000000000000d00140074776f20776f726473000000",
    ),
    (
        "ip link property add dev v0 altname a-name-of-more-than-15-bytes altname ünïcode",
        Link(index=10, prop_list=PropList(alt_ifname=["a-name-of-more-than-15-bytes", "ünïcode"]), nlmsg_type=108,
        nlmsg_flags=0xe05),
        "580000006c00050e0000000000000000000000000a00000000000000000000003800348021003500612d6e616d652d6f662d6d6f7265"
        "2d7468616e2d31352d6279746573000000000e003500c3bc6ec3af636f6465000000",
    ),
    (
        "ip netns set red 7",
        NamespaceId(fd=6, nsid=7, nlmsg_flags=0x5),
        "240000005800050000000000000000000000000008000300060000000800010007000000",
    ),
    (
        "ip link set dev i0 netns red",
        Link(index=13, netns=4, nlmsg_flags=0x5),
        "28000000100005000000000000000000000000000d000000000000000000000008001c0004000000",
    ),
    (
        "ip address add 192.0.2.1/24 broadcast + dev v1 label v1:one",
        Address(family="inet", prefixlen=24, index=11, local="192.0.2.1", label="v1:one", address="192.0.2.1",
        broadcast="192.0.2.255", nlmsg_flags=0x605),
        "3c000000140005060000000000000000021800000b00000008000200c00002010b00030076313a6f6e65000008000100c00002010800"
        "0400c00002ff",
    ),
    (
        "ip address add 198.51.100.1 peer 198.51.100.2/32 dev v1 scope link",
        Address(family="inet", prefixlen=32, scope="link", index=11, local="198.51.100.1", address="198.51.100.2",
        nlmsg_flags=0x605),
        "28000000140005060000000000000000022000fd0b00000008000200c633640108000100c6336402",
    ),
    (
        "ip address add 2001:db8::1/64 dev v1 nodad preferred_lft 100 valid_lft 200",
        Address(family="inet6", prefixlen=64, flags8=2, index=11, local="2001:db8::1", address="2001:db8::1",
        cacheinfo=AddressCacheInfo(preferred=100, valid=200), nlmsg_flags=0x605),
        "540000001400050600000000000000000a4002000b0000001400020020010db80000000000000000000000011400010020010db80000"
        "000000000000000000011400060064000000c80000000000000000000000",
    ),
    (
        "ip route add default via 192.0.2.7",
        Route(family="inet", table8=254, protocol="boot", type="unicast", gateway="192.0.2.7", nlmsg_flags=0x605),
        "2400000018000506000000000000000002000000fe0300010000000008000500c0000207",
    ),
    (
        "ip route add 203.0.113.0/24 proto static src 192.0.2.1 metric 5 table 1000 nexthop via 192.0.2.7 dev v1 weight 2 nexthop via inet6 2001:db8::7 dev v1",
        Route(family="inet", dst_len=24, protocol="static", type="unicast", dst="203.0.113.0", prefsrc="192.0.2.1",
        priority=5, table=1000, multipath=[NextHop(hops=1, index=11, gateway="192.0.2.7"), NextHop(index=11,
        via="2001:db8::7", attr_gap=b"\x01\x00")], nlmsg_flags=0x605),
        "7000000018000506000000000000000002180000000400010000000008000100cb00710008000700c000020108000600050000000800"
        "0f00e803000034000900100000010b00000008000500c0000207200000000b000000160012000a0020010db800000000000000000000"
        "00070100",
    ),
    (
        "ip route add 203.0.113.0/25 via 192.0.2.7 mtu lock 1400 initcwnd 20 onlink dev v1",
        Route(family="inet", dst_len=25, table8=254, protocol="boot", type="unicast", flags="onlink",
        dst="203.0.113.0", gateway="192.0.2.7", oif=11, metrics=RouteMetrics(mtu=1400, initcwnd=20, lock=4),
        nlmsg_flags=0x605),
        "5000000018000506000000000000000002190000fe0300010400000008000100cb00710008000500c0000207080004000b0000001c00"
        "0800080002007805000008000b00140000000800010004000000",
    ),
    (
        "ip route add blackhole 10.0.0.0/8",
        Route(family="inet", dst_len=8, table8=254, protocol="boot", type="blackhole", dst="10.0.0.0",
        nlmsg_flags=0x605),
        "2400000018000506000000000000000002080000fe03000600000000080001000a000000",
    ),
    (
        "ip -6 route add 2001:db8:1::/48 via 2001:db8::7 dev v1 pref high",
        Route(family="inet6", dst_len=48, table8=254, protocol="boot", type="unicast", dst="2001:db8:1::",
        gateway="2001:db8::7", pref="high", oif=11, nlmsg_flags=0x605),
        "540000001800050600000000000000000a300000fe030001000000001400010020010db8000100000000000000000000140005002001"
        "0db80000000000000000000000070500140001000000080004000b000000",
    ),
    (
        "ip -4 route show table 1000",
        Route(family="inet", table=1000, nlmsg_type=26, nlmsg_flags=0x301),
        "240000001a000103000000000000000002000000000000000000000008000f00e8030000",
    ),
    (
        "ip route get 203.0.113.9",
        Route(family="inet", dst_len=32, flags="lookup_table", dst="203.0.113.9", nlmsg_type=26, nlmsg_flags=0x1),
        "240000001a000100000000000000000002200000000000000010000008000100cb007109",
    ),
    (
        "ip neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v1 nud permanent",
        Neighbour(family="inet", index=11, state="permanent", dst="192.0.2.9", lladdr="02:00:00:00:00:09",
        nlmsg_flags=0x605),
        "300000001c0005060000000000000000020000000b0000008000000008000100c00002090a0002000200000000090000",
    ),
    (
        "ip neighbour add proxy 2001:db8::9 dev v1",
        Neighbour(family="inet6", index=11, state="permanent", flags="proxy", dst="2001:db8::9", nlmsg_flags=0x605),
        "300000001c00050600000000000000000a0000000b000000800008001400010020010db8000000000000000000000009",
    ),
    (
        "bridge fdb add 02:00:00:00:00:08 dev v0 master static",
        Neighbour(family="bridge", index=10, state="reachable|noarp", flags="master", lladdr="02:00:00:00:00:08",
        nlmsg_flags=0x605),
        "280000001c0005060000000000000000070000000a000000420004000a0002000200000000080000",
    ),
    (
        "ip rule add from 10.0.0.0/8 to 192.0.2.0/24 iif v1 fwmark 0x1/0xff sport 5-9 ipproto tcp table 77 priority 100",
        Rule(family="inet", dst_len=24, src_len=8, table8=77, action="to_tbl", src="10.0.0.0", dst="192.0.2.0",
        iifname="v1", fwmark=1, fwmask=255, sport_range=PortRange(start=5, end=9), ip_proto=6, priority=100,
        nlmsg_flags=0x605),
        "5c000000200005060000000000000000021808004d00000100000000080002000a00000008000100c000020007000300763100000800"
        "0a000100000008001000ff000000080017000500090005001600060000000800060064000000",
    ),
    (
        "ip -6 rule add uidrange 0-0 not oif v1 suppress_prefixlength 0 lookup 78 priority 101",
        Rule(family="inet6", table8=78, action="to_tbl", flags="invert", uid_range=UidRange(), oifname="v1",
        suppress_prefixlen=0, priority=101, nlmsg_flags=0x605),
        "400000002000050600000000000000000a0000004e000001020000000c0014000000000000000000070011007631000008000e000000"
        "00000800060065000000",
    ),
    (
        "ip netns list-id",
        NamespaceId(fd=6, nlmsg_type=90, nlmsg_flags=0x1),
        "1c0000005a0001000000000000000000000000000800030006000000",
    ),
    (
        "ip -s link show dev v0",
        Link(ext_mask=9, name="v0", nlmsg_type=18, nlmsg_flags=0x1),
        "300000001200010000000000000000000000000000000000000000000000000008001d00090000000700030076300000",
    ),
    (
        "ip -s link show dev v0",
        Link(family="packet", name="v0", ext_mask=1, nlmsg_type=18, nlmsg_flags=0x1),
        "3000000012000100000000000000000011000000000000000000000000000000070003007630000008001d0001000000",
    ),
    (
        "ip -s link show dev v0",
        Link(index=11, ext_mask=9, nlmsg_type=18, nlmsg_flags=0x1),
        "28000000120001000000000000000000000000000b000000000000000000000008001d0009000000",
    ),
    (
        "ip -s link show dev v0",
        Link(index=12, ext_mask=9, nlmsg_type=18, nlmsg_flags=0x1),
        "28000000120001000000000000000000000000000c000000000000000000000008001d0009000000",
    ),
    (
        "bridge link show dev v0",
        Link(ext_mask=1, nlmsg_type=18, nlmsg_flags=0x301),
        "280000001200010300000000000000000000000000000000000000000000000008001d0001000000",
    ),
    (
        "bridge link show dev v0",
        Link(family="bridge", nlmsg_type=18, nlmsg_flags=0x301),
        "2000000012000103000000000000000007000000000000000000000000000000",
    ),
    (
        "ip netconf show dev v1",
        UnknownMessage(payload=b"\x00\x00\x00\x00", nlmsg_type=82, nlmsg_flags=0x301),
        "1400000052000103000000000000000000000000",
    ),
    (
        "ip address delete 192.0.2.1/24 dev v1",
        Address(family="inet", prefixlen=24, index=11, local="192.0.2.1", address="192.0.2.1", nlmsg_type=21,
        nlmsg_flags=0x5),
        "28000000150005000000000000000000021800000b00000008000200c000020108000100c0000201",
    ),
    (
        "ip link delete dev br0",
        Link(index=12, nlmsg_type=17, nlmsg_flags=0x5),
        "20000000110005000000000000000000000000000c0000000000000000000000",
    ),
]
