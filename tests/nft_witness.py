"""What the nf_tables tests share: nft and iptables run in a test's namespace, and a ruleset of somebody else's."""

from __future__ import annotations

from witness import require

import rawnl

MASQUERADE = "ip saddr 192.168.100.0/24 masquerade"

# A ruleset of somebody else's, made by nft; the kernel needs a link called "lo", which every namespace has.
STRANGER = """
table ip filter {
    set lan { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 } }
    counter hits { }
    chain input {
        type filter hook input priority filter; policy accept;
        ct state established,related accept
        ip saddr @lan tcp dport { 22, 80, 443 } counter name hits accept
        ip protocol icmp limit rate 5/second accept
        iifname "lo" meta mark set 0x7 jump more comment "a comment"
        udp dport 1000-2000 log prefix "odd: " drop
    }
    chain more { ip daddr 10.1.2.0/23 counter packets 5 bytes 600 return; reject with icmp type host-unreachable }
}
table ip nat {
    map doors { type inet_service : ipv4_addr; elements = { 80 : 10.0.0.2, 443 : 10.0.0.3 } }
    chain prerouting { type nat hook prerouting priority dstnat; dnat to tcp dport map @doors; }
    chain postrouting { type nat hook postrouting priority srcnat; oifname "lo" masquerade; snat to 192.0.2.1 }
}
table ip6 t { chain c { type nat hook postrouting priority 100; ip6 saddr 2001:db8::/33 masquerade fully-random } }
table inet t {
    chain c {
        type filter hook forward priority 0; policy drop;
        tcp flags syn tcp option maxseg size set 1400
        meta nfproto ipv6 meta l4proto { tcp, udp } th dport 53 accept
        fib daddr type local accept
        numgen inc mod 3 vmap { 0 : accept, 1 : drop, 2 : return }
    }
}
table bridge t { chain c { type filter hook forward priority 0; ether saddr 02:00:00:00:00:01 accept } }
table arp t { chain c { type filter hook input priority 0; arp operation request counter } }
table netdev t { chain c { type filter hook ingress device "lo" priority 0; ip saddr 192.0.2.0/24 drop } }
"""


def run_in(nl: rawnl.Connection, *command: str, input: str | None = None) -> str:
    """What a witness program printed in the namespace; it must succeed."""
    done = nl.netns.run([require(command[0]), *command[1:]], input=input, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def iptables(nl: rawnl.Connection, words: str) -> None:
    """Run iptables-nft in the namespace."""
    run_in(nl, "iptables-nft", *words.split(" "))


def listed(nl: rawnl.Connection, *what: str) -> str:
    return run_in(nl, "nft", "-s", "list", *(what or ("ruleset",)))


def load(nl: rawnl.Connection, text: str) -> None:
    # nft wants a line to end before a block does.
    run_in(nl, "nft", "-f", "-", input=text.replace("}", "\n}"))
