"""iproute2 as a contender: the lines for `ip -batch`, and the seed document's shell commands.

Strategy: the clock runs from outside, round a whole process or a whole shell script, as its users have it; starting
`ip` once takes 1 to 2 ms.
"""

from __future__ import annotations

import tempfile

from benchmarks.harness import Outcome, clocked
from benchmarks.rivals.rawnl_side import prefixes
from benchmarks.rivals.tools import ip_batch


def create(count: int, queues: int) -> Outcome:
    """Pairs of veth; 0 queues leaves them to the kernel."""
    words = f" numtxqueues {queues} numrxqueues {queues}" if queues else ""
    return ip_batch([f"link add a{i}{words} type veth peer name b{i}{words}" for i in range(count)])


def delete(names: list[str]) -> Outcome:
    """Links one by one."""
    return ip_batch([f"link delete {name}" for name in names])


def delete_group(names: list[str]) -> Outcome:
    """Links put into a group, which is then deleted: what an expert would write."""
    return ip_batch([*(f"link set dev {name} group 4711" for name in names), "link delete group 4711"])


def add_routes(count: int) -> Outcome:
    """Routes."""
    return ip_batch([f"route add {prefix} via 192.0.2.2" for prefix in prefixes(count)])


def pods(count: int, bridge: str) -> Outcome:
    """Namespaces on a bridge, in the fewest processes that iproute2 allows: two and one a namespace."""
    names = [f"pod{i}" for i in range(count)]
    host = [
        f"link add veth{i} master {bridge} up type veth peer name eth0 netns {name}" for i, name in enumerate(names)
    ]
    script = [
        "set -e",
        "ip -batch - <<'END'",
        *(f"netns add {name}" for name in names),
        *host,
        "END",
    ]
    for i, name in enumerate(names):
        script += [
            f"ip -n {name} -batch - <<'END'",
            "link set lo up",
            f"addr add {_address(i)} dev eth0",
            "link set eth0 up",
            "route add default via 10.1.0.1",
            "END",
        ]
    return _shell(script)


def seed_pods(count: int, bridge: str) -> Outcome:
    """The same in the seed document's own commands, one process each."""
    script = ["set -e"]
    for i in range(count):
        name, far, near = f"pod{i}", f"p{i}", f"veth{i}"
        script += [
            f"ip netns add {name}",
            f"ip link add {far} type veth peer name {near}",
            f"ip link set {far} netns {name}",
            f"ip netns exec {name} ip link set {far} name eth0",
            f"ip link set {near} master {bridge}",
            f"ip netns exec {name} ip link set lo up",
            f"ip netns exec {name} ip addr add {_address(i)} dev eth0",
            f"ip netns exec {name} ip link set up eth0",
            f"ip link set up {near}",
            f"ip netns exec {name} ip route add default via 10.1.0.1",
        ]
    return _shell(script)


def _address(number: int) -> str:
    return f"10.1.{number + 2 >> 8}.{number + 2 & 255}/16"


def _shell(lines: list[str]) -> Outcome:
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        return clocked(["sh", file.name])
