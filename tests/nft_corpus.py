"""A corpus of rules and declarations, written from the grammar in nft(8), for every family and statement.

`BASE` is a ruleset with a chain for each place, `DECLARATIONS` what else stands in its tables; `RULES` are rows of
places and rules. Declarations and rules are added one by one, since an nft or a kernel may lack one of them. `OUTSIDE`
are the rules that rawnl writes otherwise than nft does, with the reason.
"""

from __future__ import annotations

BASE = """
table ip t {
    comment "a table"
    chain in {
        comment "a chain"
        type filter hook input priority filter; policy drop;
    }
    chain out { type filter hook output priority filter; }
    chain forward { type filter hook forward priority filter + 5; policy accept; }
    chain raw { type filter hook prerouting priority raw; }
    chain mangle { type route hook output priority mangle - 3; }
    chain odd { type filter hook input priority 77; }
    chain security { type filter hook input priority security; }
    chain pre { type nat hook prerouting priority dstnat; }
    chain post { type nat hook postrouting priority srcnat; }
    chain local { type nat hook output priority -100; }
    chain late { type filter hook postrouting priority 110; }
    chain more { }
}
table ip asleep {
    flags dormant;
    chain c { type filter hook input priority 300; }
}
table ip bare { }
table ip6 t {
    chain in { type filter hook input priority filter; }
    chain pre { type nat hook prerouting priority dstnat; }
    chain post { type nat hook postrouting priority srcnat; }
    chain raw { type filter hook prerouting priority raw; }
    chain more { }
}
table inet t {
    comment "both"
    chain in { type filter hook input priority filter; policy accept; }
    chain forward { type filter hook forward priority filter; }
    chain pre { type nat hook prerouting priority dstnat; }
    chain post { type nat hook postrouting priority srcnat; }
    chain mangle { type filter hook prerouting priority mangle; }
    chain ingress { type filter hook ingress device "lo" priority filter; }
    chain more { }
}
table arp t {
    chain in { type filter hook input priority filter; }
    chain out { type filter hook output priority 5; }
}
table bridge t {
    chain in { type filter hook input priority filter; }
    chain pre { type filter hook prerouting priority dstnat; }
    chain out { type filter hook output priority out; }
    chain forward { type filter hook forward priority 0; }
    chain more { }
}
table netdev t {
    chain ingress { type filter hook ingress device "lo" priority filter; }
    chain several { type filter hook ingress devices = { "lo" } priority -500; }
    chain egress { type filter hook egress device "lo" priority 5; policy drop; }
    chain more { }
}
"""

DECLARATIONS = """
counter ip t hits { packets 3 bytes 400; comment "counted"; }
counter ip t other { }
quota ip t cap { over 10 mbytes used 3 kbytes; }
quota ip t rest { 25 bytes; }
limit ip t slow { rate 10/second; }
limit ip t wide { rate over 1 mbytes/minute burst 9 kbytes; }
ct helper ip t ftp { type "ftp" protocol tcp; l3proto ip; }
ct timeout ip t quick { protocol tcp; l3proto ip; policy = { established: 100, close: 4 }; }
ct timeout ip t dgram { protocol udp; policy = { unreplied : 15 }; }
ct expectation ip t later { protocol tcp; dport 9876; timeout 1m; size 12; l3proto ip; }
synproxy ip t proxy { mss 1460; wscale 7; timestamp sack-perm; }
set ip t addresses { type ipv4_addr; elements = { 192.0.2.9, 192.0.2.1, 192.0.2.3, 10.0.0.1, 9.9.9.9 }; }
set ip t services { type inet_service; elements = { 1, 22, 80, 443, 8080, 3, 65535 }; }
set ip t marks { type mark; elements = { 1, 256, 0xffffffff }; }
set ip t both { type ipv4_addr . inet_service; elements = { 192.0.2.9 . 80, 192.0.2.1 . 443, 10.0.0.1 . 256 }; }
set ip t spans { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/8, 1.0.0.1-1.0.0.9, 224.0.0.0/3 }; }
set ip t everything { type ipv4_addr; flags interval; elements = { 0.0.0.0/0 }; }
set ip t ports { type inet_service; flags interval; elements = { 1-1024, 8080, 60000-65535 }; }
set ip t wide { type mark; flags interval; elements = { 1-5, 0x100-0x1ff, 9 }; }
set ip t mixed { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 1-9, 1.0.0.1-1.0.0.9 . 9 }; }
set ip t aging { type ipv4_addr; timeout 1d2h; gc-interval 9s; size 9; comment "x"; elements = { 1.0.0.1 timeout 5h }; }
set ip t noted { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.2 comment "with a comment" }; }
set ip t expiring { type ipv4_addr; flags timeout; elements = { 192.0.2.1, 192.0.2.2 timeout 5h comment "x" }; }
set ip t counting { type ipv4_addr; counter; elements = { 192.0.2.1 counter packets 3 bytes 4, 192.0.2.2 }; }
set ip t rated { type inet_service; limit rate 5/second; elements = { 22 }; }
set ip t names { type ifname; elements = { "eth0", "lo", "b", "aa", "a" }; }
set ip t patterns { type ifname; flags interval; elements = { "eth*", "lo", "wlan1" }; }
set ip t policied { type ipv4_addr; policy memory; }
set ip t moving { type ipv4_addr; flags dynamic,timeout; size 100; timeout 1m; }
set ip t quick { type ipv4_addr . inet_service; flags dynamic; }
set ip t proto { type inet_proto; flags constant; elements = { tcp, udp, icmp, 200 }; }
set ip t ctstates { type ct_state; elements = { new, established, related }; }
set ip t macs { type ether_addr; elements = { 02:00:00:00:00:01, 02:00:00:00:00:02 }; }
set ip t alike { typeof ip saddr; elements = { 192.0.2.1 }; }
set ip t alike2 { typeof ip saddr . tcp dport . meta mark; }
set ip t alike3 { typeof ct mark; }
set ip t alike4 { typeof ip daddr . udp sport; flags interval; elements = { 10.0.0.0/8 . 53 }; }
set ip t alike5 { typeof iifname . ip length; }
set ip t alike6 { typeof vlan id; elements = { 1, 100 }; }
set ip t alike7 { typeof osf name; elements = { "Linux" }; }
set ip t alike8 { typeof ip dscp; elements = { cs1, 0x3f }; }
set ip t six { type ipv6_addr; elements = { 2001:db8::1, ::, fe80::1 }; }
set ip t sixes { type ipv6_addr; flags interval; elements = { 2001:db8::/32, fe80::1-fe80::9 }; }
set ip t icmps { type icmp_type; elements = { echo-request, echo-reply, redirect }; }
set ip t icmp6s { type icmpv6_type; elements = { echo-request, nd-redirect, packet-too-big }; }
set ip t dscps { type dscp; elements = { cs1, ef, 0x3f }; }
set ip t weekdays { type day; elements = { "Monday", "Sunday" }; }
set ip t groups { type devgroup; elements = { 0, 5 }; }
set ip t users { type uid; elements = { 0, 1000 }; }
set ip t flagged { type tcp_flag; elements = { syn, ack, cwr }; }
set ip t ethers { type ether_type; elements = { ip, arp, 0x1234 }; }
set ip t arps { type arp_op; elements = { request, reply }; }
set ip t links { type iface_index; elements = { "lo", 5 }; }
set ip t kinds { type pkt_type; elements = { broadcast, multicast }; }
set ip t classes { type classid; elements = { 1:2 }; }
set ip t realms { type realm; elements = { 0, 5 }; }
set ip t empty { type ipv4_addr; }
set ip t triple { type ipv4_addr . inet_proto . inet_service; elements = { 10.0.0.1 . tcp . 80, 10.0.0.2 . udp . 53 }; }
set ip t markpair { type mark . ifname; elements = { 0x1 . "lo", 0x100 . "eth0" }; }
set ip t everyone { type ipv4_addr; elements = { 192.0.2.1, * }; }
map ip t verdicts { type ipv4_addr : verdict; elements = { 1.0.0.1 : accept, 1.0.0.2 : jump more, 1.0.0.3 : drop }; }
map ip t verdicts2 { type mark : verdict; elements = { 1 : return, 2 : continue, 3 : drop }; }
map ip t services2 { type inet_service : ipv4_addr; elements = { 80 : 192.0.2.1, 443 : 192.0.2.2, 8080 : 192.0.2.3 }; }
map ip t backends { type inet_service : ipv4_addr . inet_service; elements = { 80 : 192.0.2.1 . 8080 }; }
map ip t prefixes { type ipv4_addr : interval ipv4_addr; flags interval; elements = { 10.0.0.0/24 : 10.1.0.0/24 }; }
map ip t ranges { type ipv4_addr : interval ipv4_addr; elements = { 10.0.1.1 : 10.1.1.1-10.1.1.9 }; }
map ip t countermap { type ipv4_addr : counter; elements = { 192.0.2.1 : "hits", 192.0.2.2 : "other" }; }
map ip t caps { type ipv4_addr : quota; elements = { 192.0.2.1 : "cap" }; }
map ip t rates { type ipv4_addr : limit; elements = { 192.0.2.1 : "slow" }; }
map ip t helpers { type inet_service : ct helper; elements = { 21 : "ftp" }; }
map ip t tomark { type ipv4_addr : mark; flags interval; elements = { 10.0.0.0/8 : 0x5, 192.0.2.1 : 0x6 }; }
map ip t spanned { type inet_service : verdict; flags interval; elements = { 1-1024 : accept, 8080 : drop }; }
map ip t concatenated { type ipv4_addr . inet_service : verdict; elements = { 192.0.2.1 . 80 : accept }; }
map ip t named { typeof ip saddr : meta mark; elements = { 192.0.2.1 : 0x5 }; }
map ip t learnt { type ipv4_addr : inet_service; flags dynamic,timeout; }
map ip t agingmap { type ipv4_addr : mark; timeout 1h; elements = { 192.0.2.1 timeout 10h comment "c" : 0x5 }; }
set ip6 t six { type ipv6_addr; elements = { 2001:db8::1, 2001:db8::2 }; }
map ip6 t doors { type inet_service : ipv6_addr . inet_service; elements = { 80 : 2001:db8::1 . 8080 }; }
flowtable inet t fast { hook ingress priority filter; devices = { lo }; }
flowtable inet t counted { hook ingress priority 10; devices = { lo }; counter; }
set inet t ports { type inet_proto . inet_service; elements = { tcp . 80, udp . 53 }; }
"""


_IP = """
ip saddr 192.0.2.1
ip saddr != 192.0.2.1
ip daddr 192.0.2.0/24
ip daddr 192.0.2.128/25
ip daddr != 10.0.0.0/8
ip daddr != 10.128.0.0/9
ip saddr 10.0.0.0/15
ip saddr 0.0.0.0/1
ip saddr 192.0.2.1/32
ip saddr 192.0.2.1-192.0.2.9
ip saddr != 192.0.2.1-192.0.2.9
ip saddr > 10.0.0.1
ip saddr >= 10.0.0.1
ip saddr < 10.0.0.9
ip saddr <= 10.0.0.9
ip saddr >= 10.0.0.1 ip saddr <= 10.0.0.9
ip saddr & 255.0.0.255 == 10.0.0.1
ip saddr & 0.0.0.255 != 0.0.0.1
ip saddr { 192.0.2.1 }
ip saddr { 192.0.2.1, 192.0.2.9, 10.0.0.1 }
ip saddr != { 192.0.2.1, 10.0.0.0/8 }
ip saddr { 10.0.0.0/8, 192.0.2.0-192.0.2.9, 255.255.255.255 }
ip saddr @addresses
ip saddr != @addresses
ip daddr @spans
ip saddr @everything
ip saddr @empty accept
ip saddr @everyone
ip saddr 192.0.2.1 ip daddr 192.0.2.2
ip saddr 192.0.2.1 ip daddr 10.0.0.0/8
ip saddr 192.0.2.1 ip daddr != 192.0.2.2
ip protocol tcp
ip protocol != tcp
ip protocol { tcp, udp }
ip protocol 253
ip protocol icmp ip saddr 192.0.2.1
ip protocol tcp ip ttl 64
ip protocol tcp tcp dport 22
ip protocol tcp ip saddr 192.0.2.1 tcp dport 22
ip protocol udp tcp dport 22
ip protocol @proto
ip ttl 64
ip ttl > 5
ip ttl 1-5
ip ttl { 1, 64, 128 }
ip length 100-200
ip length > 1500
ip id 77
ip id 1 ip ttl 5
ip checksum 0x1234
ip version 4
ip hdrlength 5
ip version 4 ip hdrlength 5
ip dscp cs1
ip dscp != cs1
ip dscp ef
ip dscp 0x3f
ip dscp { cs1, ef, 0x3f }
ip dscp @dscps
ip dscp > cs1
ip dscp af11-af43
ip ecn ce
ip ecn ect0
ip ecn { ect0, ect1 }
ip ecn != not-ect
ip frag-off & 0x1fff != 0
ip frag-off & 0x2000 == 0x2000
ip frag-off 0
ip option lsrr exists
ip option rr missing
ip option ssrr type 1
ip option ra value 1
ip option lsrr addr 192.0.2.1
"""

_RANGES = """
ip protocol 1-6
ip protocol != 6-17
icmp type 0-8
icmp code 1-3
ip protocol { 1-6, 17 }
ip dscp 0x08-0x10
ip ecn 1-2
ct direction 0-1
meta l4proto 6-17
meta pkttype 1-2
meta iifgroup 0-5
iif 1-5
ct expiration { 1h-2h, 5s }
ct state 1-4
meta priority 1:1-1:9
meta rtclassid 0-5
dccp type 1-2
fib daddr type 1-3
meta protocol 0x0800-0x0806
igmp type 17-22
ip saddr vmap { 10.0.0.0-10.0.0.5 : accept }
meta day 0-5
ether type 0x0800-0x0806
"""

_TRANSPORT = """
tcp dport 22
tcp dport != 22
tcp sport 1024-65535
tcp sport != 1-5
tcp dport < 1024
tcp dport { 22, 80, 443 }
tcp dport { 22, 80-90 }
tcp dport @services
tcp dport != @ports
tcp sport 1 tcp dport 2
tcp sport 1024 tcp dport 22 accept
tcp dport 22 tcp sport 1
tcp dport 22 tcp flags syn
tcp sequence 1
tcp ackseq 1-100
tcp doff 5
tcp reserved 1
tcp window 100
tcp checksum 0
tcp urgptr 5
tcp flags syn
tcp flags syn,ack
tcp flags == syn
tcp flags != syn
tcp flags == syn | ack
tcp flags & (syn | ack) == syn
tcp flags & (syn | ack) == syn | ack
tcp flags & (syn | ack) != syn
tcp flags & (syn | ack) != 0
tcp flags & (syn | ack) == 0
tcp flags & syn == syn
tcp flags & syn != 0
tcp flags & (fin | syn | rst | psh | ack | urg) == fin | psh | urg
tcp flags { syn, ack }
tcp flags { syn, rst, cwr }
tcp flags { syn | ack }
tcp flags ! syn
tcp flags ! syn,ack
tcp flags vmap { syn : accept, ack : drop }
tcp flags @flagged
tcp flags 0x80
tcp flags == 0
tcp option maxseg size 1400
tcp option maxseg size 500-1400
tcp option maxseg exists
tcp option sack-perm exists
tcp option sack-perm missing
tcp option window count 5
tcp option timestamp tsval 1
tcp option timestamp tsecr 1
tcp option sack left 5
tcp option sack right 5
tcp option fastopen exists
tcp option md5sig exists
tcp option mptcp exists
tcp option mptcp subtype 1
tcp option nop exists
tcp option eol exists
tcp option 253 exists
tcp option @34,8,16 5
tcp option maxseg kind 2
tcp option maxseg length 4
udp dport 53
udp sport 53 udp dport 1024-65535
udp length > 100
udp checksum 0
udp dport { 53, 67-68 }
udplite dport 53
udplite csumcov 8
udplite checksum 8
sctp dport 5000
sctp sport 1 sctp dport 2
sctp vtag 5
sctp checksum 1
sctp chunk data exists
sctp chunk init missing
sctp chunk data flags 1
sctp chunk data tsn 5
sctp chunk init num-inbound-streams 5
sctp chunk sack exists
sctp chunk heartbeat exists
dccp dport 5
dccp sport 1-5
dccp type request
dccp type { request, response }
dccp type != reset
ah spi 5
ah hdrlength 5
ah nexthdr tcp
ah sequence 1-5
ah reserved 1
esp spi 100
esp sequence 5
comp cpi 5
comp nexthdr tcp
comp flags 0x1
th dport 53
th sport 1-1024
th dport { 53, 80 }
meta l4proto { tcp, udp } th dport 53
meta l4proto { tcp, udp } th dport @services
meta l4proto tcp
meta l4proto tcp tcp dport 22
meta l4proto tcp counter tcp dport 22
meta l4proto tcp tcp dport 22 tcp flags syn
meta l4proto != tcp
meta l4proto udp th dport 53
meta l4proto { tcp, udp }
meta l4proto 253
meta l4proto @proto
@th,0,16 5
@th,0,32 0x1234
@th,16,8 5
@nh,0,8 0x45
@nh,8,8 5
@nh,96,32 192.0.2.1
@ll,0,48 0x1
@th,0,16 { 1, 2 }
@th,160,32 & 0xff == 5
@ih,0,8 5
"""

_ICMP = """
icmp type echo-request
icmp type != echo-request
icmp type { echo-request, echo-reply }
icmp type 77
icmp type @icmps
icmp code 0
icmp code port-unreachable
icmp code { 1, 200 }
icmp type destination-unreachable icmp code port-unreachable
icmp checksum 5
icmp id 5
icmp sequence 5
icmp id 5 icmp sequence 7
icmp mtu 1400
icmp gateway 5
icmp type echo-request icmp id 5
icmp type echo-reply icmp sequence 5
icmp type redirect icmp gateway 5
icmp type destination-unreachable icmp mtu 5
ip protocol icmp icmp type echo-request
meta l4proto icmp icmp type echo-request
igmp type membership-query
igmp type leave-group
igmp mrt 5
igmp checksum 5
igmp group 224.0.0.1
igmp type { membership-query, membership-report-v3 }
"""

_META = """
meta length 100
meta length 100-200
meta length != { 1, 5-9 }
meta length > 1000
meta protocol ip
meta protocol != ip
meta protocol { ip, arp }
meta protocol 0x1234
meta priority 1:2
meta priority none
meta priority 0xffff
meta priority { 1:2, 1:3 }
meta mark 5
meta mark != 5
meta mark 1-5
meta mark > 5
meta mark { 1, 2 }
meta mark { 1-5, 9 }
meta mark @marks
meta mark @wide
meta mark & 0xff == 5
meta mark & 0xff != 5
meta mark & 0xff000000 == 0x01000000
meta mark & 0xffffff00 == 0x100
meta mark and 0x1 == 0x1
meta mark or 0x1 == 0x3
meta mark xor 0x1 == 0x3
meta mark & 0xff > 5
meta mark & 0xff { 1, 2 }
meta mark & 0xff vmap { 1 : accept }
iif lo
iif != lo
iif { lo, 5 }
iif 77
oif lo
iifname "lo"
iifname != "lo"
iifname "eth*"
iifname != "eth*"
iifname { "lo", "eth0" }
iifname { "eth*", "lo" }
iifname "lo" oifname "eth0"
iifname "a\\*"
iifname @names
iifname @patterns
oifname "eth0"
iifname . oifname { "lo" . "eth0" }
iifname vmap { "lo" : accept, "eth0" : jump more }
iiftype ether
iiftype loopback
oiftype ppp
iiftype 99
iifgroup default
iifgroup 5
oifgroup { default, 7 }
meta iifkind "veth"
meta oifkind "vrf"
meta skuid 0
meta skuid 1000-2000
meta skuid { 0, 1000 }
meta skgid 0
meta skgid != 100
meta nftrace 1
meta rtclassid 5
meta rtclassid cosmos
meta pkttype broadcast
meta pkttype { host, multicast }
meta pkttype != host
meta cpu 1
meta cpu 1-3
meta cgroup 5
meta cgroup 0x100001
meta random 1-1000
meta random < 100
meta ipsec exists
meta ipsec missing
meta time "2020-01-01 00:00:00"
meta time < "2020-01-01 00:00:00"
meta time "2020-01-01 00:00:00"-"2020-06-01 12:30:05"
meta day "Sunday"
meta day { "Monday", "Friday" }
meta day != "Sunday"
meta hour "10:00"
meta hour "10:00"-"12:00"
meta hour < "17:30:15"
meta sdif 5
meta sdifname "vrf0"
meta l4proto . th dport { tcp . 22, udp . 53 }
meta mark . ip saddr { 0x1 . 192.0.2.1 }
meta mark . iifname @markpair
ip saddr . tcp dport @both
ip saddr . tcp dport { 192.0.2.1 . 22, 10.0.0.1 . 80 }
ip saddr . tcp dport != { 192.0.2.1 . 22 }
ip saddr . tcp dport { 10.0.0.0/8 . 22, 192.0.2.1 . 80-90 }
ip saddr . ip daddr { 192.0.2.1 . 192.0.2.2 }
ip saddr . ip protocol . th dport @triple
ip saddr . tcp dport @mixed
ip saddr . tcp dport 192.0.2.1 . 22
meta skuid . meta skgid { 0 . 0 }
"""

_CT = """
ct state new
ct state established,related
ct state != new
ct state == new
ct state != established,related
ct state { new, established }
ct state & (new | established) == new
ct state & (new | established) != 0
ct state ! new
ct state invalid drop
ct state untracked
ct state vmap { new : jump more, established : accept, related : accept }
ct state @ctstates
ct state vmap { new | established : accept }
ct direction original
ct direction reply
ct status snat
ct status snat,dnat
ct status != expected
ct status & (snat | dnat) == 0
ct status assured
ct mark 5
ct mark != 5
ct mark 1-5
ct mark { 1, 5 }
ct mark & 0xff == 5
ct mark and 0xf0 != 0
ct mark or 0x1 == 0x3
ct expiration 30s
ct expiration 1h-2h
ct expiration > 90s
ct helper "ftp"
ct helper != "ftp"
ct label 5
ct label != 5
ct zone 5
ct original zone 5
ct reply zone 1-5
ct original ip saddr 192.0.2.1
ct reply ip daddr 192.0.2.0/24
ct original ip saddr { 192.0.2.1, 192.0.2.2 }
ct original protocol tcp
ct original l3proto ipv4
ct original protocol tcp ct original proto-dst 22
ct reply proto-src 5
ct bytes > 1000
ct packets 5-10
ct avgpkt > 100
ct original bytes 5
ct reply packets > 5
ct id 5
ct mark . ip saddr { 0x1 . 192.0.2.1 }
ct count 5
ct count over 5
ct original protocol { tcp, udp }
"""

_STATEMENTS = """
accept
drop
continue
return
jump more
goto more
counter
counter packets 5 bytes 600
counter packets 5 bytes 600 accept
counter accept comment "a comment"
ip saddr 192.0.2.1 comment "quotes ' and umlauts ü"
counter name "hits"
counter name hits accept
counter name ip saddr map { 192.0.2.1 : "hits", 192.0.2.2 : "other" }
counter name ip saddr map @countermap
quota 25 mbytes
quota over 1500 bytes
quota until 3 kbytes used 1 kbytes
quota name "cap"
quota name ip saddr map @caps
limit rate 10/second
limit rate 1/minute burst 7 packets
limit rate over 5/hour
limit rate 5/day
limit rate 400/week
limit rate 10/second burst 5 packets
limit rate 1 mbytes/second
limit rate 10 kbytes/minute burst 20 kbytes
limit rate over 1500 bytes/second
limit rate 1023 bytes/second burst 1025 bytes
limit name "slow"
limit name ip saddr map @rates
log
log prefix "a prefix: "
log prefix "x" level debug
log level emerg
log level warn
log level audit
log group 0
log group 5
log group 5 snaplen 100 queue-threshold 7
log prefix "p" group 5
log flags all
log flags tcp sequence
log flags tcp options
log flags tcp sequence,options
log flags ip options
log flags skuid
log flags ether
log flags ip options flags skuid
log prefix "p" level info flags all
log accept
reject
reject with icmp host-unreachable
reject with icmp port-unreachable
reject with icmp admin-prohibited
reject with tcp reset
ip protocol tcp reject with tcp reset
tcp dport 22 reject with tcp reset
meta l4proto tcp reject with tcp reset
ip saddr 192.0.2.1 reject
ip saddr 192.0.2.1 counter packets 1 bytes 2 log prefix "x" drop
tcp dport vmap { 22 : accept, 23 : drop }
tcp dport vmap { 1-1024 : jump more, 8080 : goto more }
tcp dport vmap @spanned
ip saddr vmap @verdicts
ip saddr . tcp dport vmap @concatenated
ip saddr . tcp dport vmap { 192.0.2.1 . 22 : accept }
ip saddr vmap { 10.0.0.0/8 : accept, 192.0.2.1 : drop }
meta mark set 5
meta mark set meta mark
meta mark set ct mark
meta mark set ct mark or 0x10
meta mark set ct mark and 0xff
meta mark set ct mark and 0xff or 0x10
meta mark set meta mark xor 0x1
meta mark set meta mark << 4
meta mark set meta mark >> 8
meta mark set ct mark and 0xff00 >> 8
meta mark set tcp dport map { 22 : 1, 80 : 2 }
meta mark set tcp dport map { 1-1024 : 1, 8080 : 2 }
meta mark set ip saddr map @tomark
meta mark set ip saddr map @named
meta mark set numgen inc mod 2
meta mark set numgen random mod 10 offset 100
meta mark set jhash ip saddr mod 2
meta mark set jhash ip saddr . tcp dport mod 16 seed 0xfeed offset 5
meta mark set symhash mod 2
meta mark set symhash mod 16 offset 5
meta mark set iif
meta priority set 1:2
meta priority set none
meta priority set tcp dport map { 22 : 1:2, 80 : 1:3 }
meta nftrace set 1
ct mark set 5
ct mark set meta mark
ct mark set meta mark and 0xff
ct mark set ct mark or 0x1
ct mark set tcp dport map { 22 : 1 }
ct zone set 5
ct zone set iif map { "lo" : 1 }
ct label set 5
ct event set new
ct event set new,related,destroy
ct helper set "ftp"
ct helper set tcp dport map { 21 : "ftp" }
ct helper set tcp dport map @helpers
ct timeout set "quick"
ct expectation set "later"
synproxy mss 1460 wscale 7 timestamp sack-perm
synproxy mss 1460 wscale 7
synproxy mss 1460
synproxy
synproxy name "proxy"
ip ttl set 64
ip dscp set cs1
ip dscp set ip dscp
ip ecn set ce
ip saddr set 192.0.2.1
ip id set 5
ip length set 5
tcp dport set 80
tcp sport set 5
udp dport set 5
udp checksum set 0
tcp flags set syn
tcp option maxseg size set 1400
reset tcp option sack-perm
numgen inc mod 2 0
numgen inc mod 2 vmap { 0 : accept, 1 : drop }
numgen random mod 10 5-9
numgen random mod 10 offset 5 vmap { 5 : accept }
jhash ip saddr mod 10 5
jhash ip saddr . ip daddr mod 10 seed 5 vmap { 0-4 : accept, 5-9 : drop }
symhash mod 10 5
fib saddr type local
fib daddr type { local, broadcast }
fib daddr type != local
fib daddr . iif type local
fib daddr type vmap { local : accept, broadcast : drop }
fib saddr . iif oif missing
fib saddr . iif oif exists
fib saddr . mark oif missing
fib saddr oif lo
fib saddr oifname "lo"
fib daddr oif exists
fib daddr . mark . iif type unicast
socket transparent 1
socket transparent 0
socket mark 5
socket mark & 0xff == 5
socket wildcard 0
rt classid 5
rt nexthop 192.0.2.1
rt nexthop { 192.0.2.1, 192.0.2.2 }
rt ipsec exists
rt mtu 1400
osf name "Linux"
osf ttl skip name "Linux"
osf ttl loose version "Linux:4.20"
osf name { "Linux", "Windows" }
ipsec in reqid 5
ipsec in spi 5
ipsec in spnum 1 reqid 5
ipsec in ip saddr 192.0.2.1
add @moving { ip saddr }
add @moving { ip saddr timeout 10s }
update @moving { ip saddr timeout 1h }
update @moving { ip saddr limit rate 5/second }
add @moving { ip saddr counter }
update @moving { ip saddr timeout 1m limit rate over 5/second burst 9 packets } drop
delete @moving { ip saddr }
add @moving { ip saddr ct count over 5 }
add @quick { ip saddr . tcp dport }
add @learnt { ip saddr : tcp dport }
update @learnt { ip saddr timeout 10s : tcp dport }
add @learnt { ip saddr : 80 }
meter flood { ip saddr limit rate 5/second }
meter flood2 size 100 { ip saddr . tcp dport timeout 10s limit rate 5/second }
meter ctm { ip saddr ct count over 5 }
"""

_LINK = """
ether saddr 02:00:00:00:00:01
ether daddr 02:00:00:00:00:01
ether saddr 02:00:00:00:00:01 ether daddr 02:00:00:00:00:02
ether daddr 02:00:00:00:00:01 ether saddr 02:00:00:00:00:02
ether saddr { 02:00:00:00:00:01, 02:00:00:00:00:02 }
ether saddr != 02:00:00:00:00:01
ether type ip
ether type 0x1234
ether type vlan
ether type { ip, ip6 }
ether saddr 02:00:00:00:00:01 ip saddr 192.0.2.1
ether saddr . ip saddr { 02:00:00:00:00:01 . 192.0.2.1 }
vlan id 5
vlan id 1-5
vlan id { 1, 5 }
vlan id != 5
vlan pcp 3
vlan dei 1
vlan type ip
vlan id 5 vlan pcp 3
vlan id 5 ip saddr 192.0.2.1
vlan id 5 tcp dport 22
"""

_NAT = """
pre | dnat to 192.0.2.1
pre | tcp dport 80 dnat to 192.0.2.1:8080
pre | tcp dport 80 dnat to :8080
pre | tcp dport 80 dnat to 192.0.2.1:8080-8090
pre | dnat to 192.0.2.1-192.0.2.9
pre | tcp dport 80 dnat to 192.0.2.1-192.0.2.9:80-90
pre | dnat to 192.0.2.1 random
pre | dnat to 192.0.2.1-192.0.2.9 random,persistent
pre | dnat to 192.0.2.1-192.0.2.9 persistent
pre | dnat to tcp dport map { 80 : 192.0.2.1, 443 : 192.0.2.2 }
pre | dnat to tcp dport map @services2
pre | dnat ip addr . port to tcp dport map { 80 : 192.0.2.1 . 8080 }
pre | dnat to tcp dport map { 80 : 192.0.2.1 . 8080, 443 : 192.0.2.2 . 8443 }
pre | dnat to tcp dport map @backends
pre | dnat to numgen inc mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }
pre | dnat to jhash ip saddr mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }
pre | dnat to jhash ip saddr . tcp sport mod 2 seed 0xabcd map { 0 : 192.0.2.1, 1 : 192.0.2.2 }
pre | dnat to ip daddr map { 198.51.100.1 : 192.0.2.1 }
pre | dnat prefix to 192.0.2.0/24
pre | dnat prefix to ip daddr map { 10.0.0.0/24 : 192.0.2.0/24 }
pre | dnat ip prefix to ip daddr map @prefixes
pre | tcp dport 80 dnat to tcp dport map { 80 : 192.0.2.1 }:8080
pre | redirect
pre | tcp dport 80 redirect to :8080
pre | tcp dport 80 redirect to :8080-8090
pre | udp dport 53 redirect to :5353 random
pre | redirect random
pre | redirect fully-random,persistent
pre | redirect to :tcp dport map { 80 : 8080, 443 : 8443 }
post | masquerade
post | masquerade random
post | masquerade fully-random
post | masquerade random,persistent
post | masquerade fully-random,persistent
post | ip protocol tcp masquerade to :1024-2048
post | tcp dport 80 masquerade to :1024
post | meta l4proto udp masquerade to :1024-65535 random
post | oifname "eth0" masquerade
post | ip saddr 10.0.0.0/8 oifname "eth0" masquerade
post | snat to 192.0.2.1
post | snat to 192.0.2.1-192.0.2.9
post | snat to 192.0.2.1 fully-random
post | snat to 192.0.2.1-192.0.2.9 persistent
post | ip protocol tcp snat to 192.0.2.1:1024-2048
post | ip protocol udp snat to 192.0.2.1:5
post | tcp sport 80 snat to :1024
post | snat to ip saddr map { 10.0.0.1 : 192.0.2.1, 10.0.0.2 : 192.0.2.2 }
post | snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.0.2.0/24 }
post | snat prefix to 192.0.2.0/24
post | snat to oifname map { "eth0" : 192.0.2.1 }
local | dnat to 192.0.2.1
local | redirect
"""

_RAW = """
raw | notrack
raw | ip saddr 192.0.2.1 notrack
raw | dup to 192.0.2.1
raw | dup to 192.0.2.1 device "lo"
raw | dup to ip saddr map { 192.0.2.1 : 192.0.2.2 }
raw | tcp dport 80 tproxy to :5000
raw | tcp dport 80 tproxy to 127.0.0.1:5000
raw | tcp dport 80 tproxy to 127.0.0.1
raw | udp dport 53 tproxy to :5353 meta mark set 1 accept
raw | queue
raw | queue num 3
raw | queue num 1-3 bypass
raw | queue flags bypass,fanout to 1-3
raw | fib saddr . iif oif missing drop
raw | ct helper set "ftp"
out | rt classid 5
out | meta oifkind "veth"
out | ipsec out reqid 5
out | ipsec out ip daddr 192.0.2.1
out | tcp flags syn tcp option maxseg size set rt mtu
forward | tcp flags syn tcp option maxseg size set rt mtu
forward | iifname "a" oifname "b" accept
late | meta mark set 0x1
more | drop
more | accept comment "the end"
"""

_IP6 = """
in | ip6 saddr 2001:db8::1
in | ip6 saddr 2001:db8::/32
in | ip6 saddr 2001:db8::/33
in | ip6 saddr != fe80::/10
in | ip6 saddr ::1-::9
in | ip6 saddr { ::1, 2001:db8::/32 }
in | ip6 saddr @six
in | ip6 saddr ::ffff:192.0.2.1
in | ip6 daddr ff02::1
in | ip6 saddr ::1 ip6 daddr ::2
in | ip6 saddr & ffff::ffff == ::1
in | ip6 saddr . tcp dport { ::1 . 22 }
in | ip6 nexthdr tcp
in | ip6 nexthdr { tcp, udp }
in | ip6 nexthdr tcp tcp dport 22
in | ip6 nexthdr ipv6-icmp
in | ip6 hoplimit 64
in | ip6 hoplimit 1-5
in | ip6 length > 100
in | ip6 version 6
in | ip6 dscp cs1
in | ip6 dscp { cs1, ef }
in | ip6 ecn ce
in | ip6 flowlabel 5
in | ip6 flowlabel != 0
in | ip6 flowlabel { 1, 5 }
in | icmpv6 type echo-request
in | icmpv6 type { echo-request, nd-neighbor-solicit }
in | icmpv6 type != nd-redirect
in | icmpv6 type 77
in | icmpv6 code no-route
in | icmpv6 type destination-unreachable icmpv6 code port-unreachable
in | icmpv6 checksum 5
in | icmpv6 id 5
in | icmpv6 sequence 5
in | icmpv6 mtu 1280
in | icmpv6 parameter-problem 5
in | icmpv6 max-delay 5
in | icmpv6 type packet-too-big icmpv6 mtu 1280
in | ip6 nexthdr icmpv6 icmpv6 type echo-request
in | meta l4proto ipv6-icmp icmpv6 type echo-request
in | meta l4proto icmpv6
in | exthdr frag exists
in | exthdr hbh missing
in | exthdr rt exists
in | exthdr dst exists
in | exthdr mh exists
in | hbh nexthdr tcp
in | hbh hdrlength 5
in | rt nexthdr tcp
in | rt type 0
in | rt seg-left 5
in | rt type != 0
in | frag nexthdr tcp
in | frag reserved 5
in | frag frag-off 5
in | frag more-fragments 1
in | frag reserved2 1
in | frag id 5
in | frag id { 1, 5 }
in | dst nexthdr tcp
in | dst hdrlength 5
in | mh type binding-update
in | mh type { home-test, careof-test }
in | mh nexthdr tcp
in | mh checksum 5
in | rt0 addr[1] ::1
in | srh tag 5
in | tcp dport 22 accept
in | ct original ip6 saddr 2001:db8::1
in | ct reply ip6 daddr 2001:db8::/32
in | reject
in | reject with icmpv6 no-route
in | reject with icmpv6 admin-prohibited
in | reject with tcp reset
in | rt nexthop 2001:db8::1
in | fib saddr type local
in | ip6 hoplimit set 64
in | ip6 dscp set cs1
in | ip6 ecn set ce
in | ip6 flowlabel set 5
in | ip6 saddr set ::1
in | icmpv6 type set 5
in | ipsec in ip6 saddr ::1
pre | dnat to 2001:db8::1
pre | tcp dport 80 dnat to [2001:db8::1]:8080
pre | tcp dport 80 dnat to :8080
pre | dnat to 2001:db8::1-2001:db8::9
pre | tcp dport 80 dnat to [2001:db8::1]-[2001:db8::9]:80-90
pre | dnat to tcp dport map { 80 : 2001:db8::1 }
pre | dnat to tcp dport map @doors
pre | dnat to tcp dport map { 80 : 2001:db8::1 . 8080 }
pre | dnat prefix to 2001:db8::/64
pre | dnat ip6 prefix to ip6 daddr map { 2001:db8:1::/64 : 2001:db8:2::/64 }
pre | redirect to :80
pre | tcp dport 80 redirect to :8080
post | masquerade
post | masquerade random
post | snat to 2001:db8::1 persistent
post | snat to 2001:db8::1-2001:db8::9
post | meta l4proto tcp snat to [2001:db8::1]:1024-2048
raw | tcp dport 80 tproxy to [::1]:5000
raw | tcp dport 80 tproxy to :5000
raw | tcp dport 80 tproxy to ::1
raw | dup to 2001:db8::1 device "lo"
raw | notrack
"""

_INET = """
in | ip saddr 192.0.2.1
in | ip6 saddr 2001:db8::1
in | ip saddr 192.0.2.1 tcp dport 22
in | ip6 saddr ::1 udp dport 53
in | tcp dport 22
in | tcp dport { 22, 80 } ct state new accept
in | udp dport 53
in | meta nfproto ipv4
in | meta nfproto ipv6
in | meta nfproto { ipv4, ipv6 }
in | meta nfproto ipv4 ip saddr 192.0.2.1
in | meta nfproto ipv4 tcp dport 22
in | meta nfproto ipv6 meta l4proto tcp
in | meta nfproto ipv4 counter ip saddr 192.0.2.1
in | meta nfproto != ipv4
in | meta protocol ip
in | meta protocol ip6 udp dport 53
in | meta protocol ip ip saddr 192.0.2.1
in | meta l4proto tcp
in | meta l4proto tcp ip saddr 192.0.2.1
in | meta l4proto tcp ip saddr 192.0.2.1 tcp dport 22
in | meta l4proto { tcp, udp } th dport 53
in | meta l4proto . th dport @ports
in | meta nfproto vmap { ipv4 : accept, ipv6 : drop }
in | ip protocol tcp
in | ip protocol tcp tcp dport 22
in | ip6 nexthdr tcp tcp dport 22
in | ip6 nexthdr ipv6-icmp
in | ip protocol icmp icmp type echo-request
in | icmp type echo-request
in | icmpv6 type echo-request
in | icmpv6 type { nd-neighbor-solicit, nd-router-advert }
in | icmp type { echo-request, echo-reply }
in | icmp code port-unreachable
in | meta nfproto ipv4 icmp type echo-request
in | meta nfproto ipv6 icmpv6 type echo-request
in | meta l4proto icmp icmp type echo-request
in | meta l4proto icmpv6 icmpv6 type echo-request
in | ip protocol icmp ip saddr 192.0.2.1
in | ip saddr { 192.0.2.1, 10.0.0.0/8 }
in | ip saddr . tcp dport { 192.0.2.1 . 22 }
in | ip saddr 192.0.2.1 ip daddr 192.0.2.2
in | ip saddr 192.0.2.1 ip protocol tcp
in | ip dscp cs1
in | ip6 dscp cs1
in | ip6 flowlabel 5
in | exthdr frag exists
in | frag id 5
in | ip option lsrr exists
in | ether saddr 02:00:00:00:00:01
in | ether saddr 02:00:00:00:00:01 ip saddr 192.0.2.1
in | ether saddr 02:00:00:00:00:01 ip6 saddr ::1
in | ether type ip
in | ether type arp
in | vlan id 5
in | vlan id 5 ip saddr 192.0.2.1
in | iifname "lo" accept
in | iifname . ip saddr { "lo" . 127.0.0.1 }
in | ct state established,related accept
in | ct state invalid drop
in | ct original ip saddr 192.0.2.1
in | ct original ip6 saddr ::1
in | ct l3proto ipv4
in | ct original protocol tcp
in | ct mark set meta mark
in | meta mark set 1
in | fib saddr . iif oif missing drop
in | fib daddr type local
in | rt ip nexthop 192.0.2.1
in | rt ip6 nexthop ::1
in | socket transparent 1
in | reject
in | reject with icmp host-unreachable
in | reject with icmp port-unreachable
in | reject with icmpv6 no-route
in | reject with icmpv6 port-unreachable
in | reject with icmpx admin-prohibited
in | reject with icmpx port-unreachable
in | reject with tcp reset
in | tcp dport 22 reject with tcp reset
in | ip saddr 192.0.2.1 reject
in | ip saddr 192.0.2.1 reject with icmp port-unreachable
in | meta nfproto ipv4 reject
in | meta nfproto ipv4 reject with icmp host-unreachable
in | meta nfproto ipv6 reject with icmpv6 no-route
in | ip ttl set 5
in | ip6 hoplimit set 5
in | th dport 53
in | @nh,0,8 5
in | @th,0,16 5
in | ah spi 5
in | sctp dport 5
in | counter
in | log prefix "in: "
in | synproxy mss 1460 wscale 7
in | ipsec in ip saddr 192.0.2.1
in | ipsec in ip6 saddr ::1
forward | flow add @fast
forward | meta l4proto { tcp, udp } flow add @fast
forward | ip protocol tcp flow offload @fast
forward | ct state established flow add @counted
pre | dnat ip to 192.0.2.1
pre | dnat ip6 to 2001:db8::1
pre | ip daddr 192.0.2.1 dnat to 192.0.2.2
pre | ip6 daddr ::1 dnat to ::2
pre | tcp dport 80 dnat ip to 192.0.2.1:8080
pre | tcp dport 80 dnat ip6 to [2001:db8::1]:8080
pre | tcp dport 80 dnat to :8080
pre | dnat ip to tcp dport map { 80 : 192.0.2.1 }
pre | dnat ip to tcp dport map { 80 : 192.0.2.1 . 8080 }
pre | dnat ip6 to tcp dport map { 80 : 2001:db8::1 . 8080 }
pre | dnat ip to numgen inc mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }
pre | dnat ip prefix to ip daddr map { 10.0.0.0/24 : 192.0.2.0/24 }
pre | redirect to :80
pre | tcp dport 80 redirect to :8080
pre | meta nfproto ipv4 dnat to 192.0.2.1
post | masquerade
post | ip saddr 10.0.0.0/8 masquerade
post | meta nfproto ipv4 masquerade
post | ip6 saddr 2001:db8::/32 masquerade random
post | snat ip to 192.0.2.1
post | snat ip6 to 2001:db8::1
post | ip saddr 10.0.0.0/8 snat to 192.0.2.1
post | snat ip to ip saddr map { 10.0.0.1 : 192.0.2.1 }
post | meta l4proto tcp snat ip to 192.0.2.1:1024-2048
mangle | tcp dport 80 tproxy ip to 127.0.0.1:5000
mangle | tcp dport 80 tproxy ip6 to [::1]:5000
mangle | tcp dport 80 tproxy to :5000
mangle | meta l4proto tcp tproxy ip to 127.0.0.1:5000
mangle | ct zone set 5
ingress | ip saddr 192.0.2.1 drop
ingress | tcp dport 22 drop
ingress | meta protocol ip counter
more | jump more2
more | ip saddr 192.0.2.1 return
"""

_ARP = """
in | arp operation request
in | arp operation { request, reply }
in | arp operation 77
in | arp htype 1
in | arp ptype ip
in | arp hlen 6
in | arp plen 4
in | arp htype 1 arp ptype ip
in | arp saddr ip 192.0.2.1
in | arp daddr ip 192.0.2.0/24
in | arp saddr ether 02:00:00:00:00:01
in | arp daddr ether { 02:00:00:00:00:01, 02:00:00:00:00:02 }
in | arp saddr ether 02:00:00:00:00:01 arp saddr ip 192.0.2.1
in | ether saddr 02:00:00:00:00:01
in | iifname "lo" accept
in | meta mark set 1
in | meta mark 5 drop
in | counter
in | log prefix "arp"
in | arp operation request limit rate 5/second accept
out | arp operation reply
out | oifname "lo"
out | arp saddr ip set 192.0.2.1
"""

_BRIDGE = """
in | ether saddr 02:00:00:00:00:01
in | ether daddr 02:00:00:00:00:01 drop
in | ether type ip
in | ether type ip ip saddr 192.0.2.1
in | ether type vlan
in | ether type ip6
in | ether type arp
in | ether type arp arp operation request
in | ether saddr 02:00:00:00:00:01 ether type ip
in | ip saddr 192.0.2.1
in | ip6 saddr ::1
in | arp operation request
in | arp saddr ip 192.0.2.1
in | tcp dport 22
in | ip protocol tcp tcp dport 22
in | ip6 nexthdr tcp tcp dport 22
in | ip saddr 192.0.2.1 tcp dport 22
in | icmp type echo-request
in | icmpv6 type echo-request
in | vlan id 5
in | vlan id 5 vlan pcp 3
in | vlan pcp 3
in | vlan type ip
in | vlan id 5 ip saddr 192.0.2.1
in | vlan id 5 tcp dport 22
in | vlan id { 1, 5 }
in | ether type 8021ad vlan id 5
in | meta ibrname "br0"
in | meta obrname "br0"
in | meta ibrpvid 5
in | meta ibrvproto 8021q
in | meta protocol ip
in | meta protocol ip udp dport 53
in | meta protocol { ip, arp }
in | meta l4proto tcp
in | meta pkttype broadcast
in | reject
in | reject with icmp host-unreachable
in | reject with icmpv6 no-route
in | reject with icmpx admin-prohibited
in | reject with tcp reset
in | ip saddr 192.0.2.1 reject with icmp port-unreachable
in | ct state established accept
in | ether saddr . ip saddr { 02:00:00:00:00:01 . 192.0.2.1 }
in | ether saddr . vlan id { 02:00:00:00:00:01 . 5 }
in | ether saddr & ff:ff:ff:00:00:00 == 02:00:00:00:00:00
in | ether saddr 02:00:00:00:00:01-02:00:00:00:00:09
in | iifname "lo" log
in | meta broute set 1
pre | meta broute set 1
pre | meta mark set 1
forward | ip dscp cs1
out | ip6 hoplimit 1
"""

_NETDEV = """
ingress | ip saddr 192.0.2.1 drop
ingress | ip saddr 192.0.2.0/24
ingress | ip6 saddr ::1
ingress | arp operation request
ingress | tcp dport 22
ingress | udp dport { 53, 67 }
ingress | ip saddr 192.0.2.1 tcp dport 22
ingress | meta protocol ip
ingress | meta protocol ip ip saddr 192.0.2.1
ingress | meta protocol vlan
ingress | ether type ip
ingress | ether saddr 02:00:00:00:00:01
ingress | vlan id 5
ingress | vlan id 5 ip saddr 192.0.2.1
ingress | icmp type echo-request
ingress | meta mark set 5
ingress | dup to "lo"
ingress | fwd to "lo"
ingress | fwd ip to 192.0.2.1 device "lo"
ingress | fwd ip6 to 2001:db8::1 device "lo"
ingress | fwd to iifname map { "lo" : "lo" }
ingress | counter packets 1 bytes 2 drop
ingress | ip dscp set cs1
ingress | @ll,96,16 0x0800
ingress | meta pkttype broadcast
ingress | reject
ingress | reject with icmp host-unreachable
ingress | meta l4proto tcp
ingress | limit rate 10/second accept
egress | ip saddr 192.0.2.1 drop
egress | meta mark 5
egress | meta priority set 1:2
egress | meta oifname "lo"
"""


def _rows(place: str, text: str) -> list[tuple[str, str]]:
    """(place, rule) of each line; `place` is a table, with a chain unless the line names it."""
    found = []
    for line in text.strip().splitlines():
        chain, bar, rule = line.partition(" | ")
        # A bar may also stand between flags.
        found.append((f"{place} {chain}", rule) if bar and chain.isidentifier() else (place, line))
    return found


RULES = [
    *(
        row
        for text in (_IP, _RANGES, _TRANSPORT, _ICMP, _META, _CT, _STATEMENTS, _LINK)
        for row in _rows("ip t in", text)
    ),
    *_rows("ip t", _NAT),
    *_rows("ip t", _RAW),
    *_rows("ip6 t", _IP6),
    *_rows("inet t", _INET),
    *_rows("arp t", _ARP),
    *_rows("bridge t", _BRIDGE),
    *_rows("netdev t", _NETDEV),
]

OUTSIDE = {
    # nft finds no name in an option that it knows by number, and makes one up.
    "tcp option fastopen unknown 5": "tcp option @34,8,16 0x5",
    # nft takes the two bytes that the kernel has to write for a port; read again, that means something else.
    "th sport set th sport & 1535 | 1280": "icmpv6 type set 5",
}
"""What nft lists, and what rawnl writes instead, with the reason."""

OUTSIDE_JSON = {
    **OUTSIDE,
    # nft has no JSON for these and gives their text as a string.
    "add @learnt { ip saddr : tcp dport }": None,
    "update @learnt { ip saddr timeout 10s : tcp dport }": None,
    "add @learnt { ip saddr : 80 }": None,
}
"""The same for JSON, by what nft lists as text."""
