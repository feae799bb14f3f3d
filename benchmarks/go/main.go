// The works of the suite through github.com/vishvananda/netlink, as its users write them.
//
//	rival create COUNT QUEUES       pairs of veth; 0 queues leaves them to the kernel
//	rival delete COUNT              the pairs a0, a1 … one by one
//	rival pods COUNT BRIDGE
//	rival links REPEATS             LinkList; the attributes of each are parsed by it
//	rival routes REPEATS            RouteList
//	rival add-routes COUNT          via 192.0.2.2
//
// Prints one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

type outcome struct {
	Seconds float64        `json:"seconds"`
	Items   int            `json:"items"`
	Read    map[string]int `json:"read,omitempty"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func number(position int) int {
	if position >= len(os.Args) {
		check(fmt.Errorf("argument %d is missing", position))
	}
	value, err := strconv.Atoi(os.Args[position])
	check(err)
	return value
}

func create(count, queues int) outcome {
	start := time.Now()
	for i := 0; i < count; i++ {
		attributes := netlink.NewLinkAttrs()
		attributes.Name = fmt.Sprintf("a%d", i)
		if queues > 0 {
			attributes.NumTxQueues, attributes.NumRxQueues = queues, queues
		}
		check(netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: fmt.Sprintf("b%d", i)}))
	}
	return outcome{Seconds: time.Since(start).Seconds(), Items: count}
}

func remove(count int) outcome {
	links := make([]netlink.Link, count)
	for i := range links {
		link, err := netlink.LinkByName(fmt.Sprintf("a%d", i))
		check(err)
		links[i] = link
	}
	start := time.Now()
	for _, link := range links {
		check(netlink.LinkDel(link))
	}
	return outcome{Seconds: time.Since(start).Seconds(), Items: count}
}

func pods(count, bridge int) outcome {
	runtime.LockOSThread()
	host, err := netns.Get()
	check(err)
	gateway := net.IPv4(10, 1, 0, 1)
	start := time.Now()
	for i := 0; i < count; i++ {
		// netns.NewNamed moves this thread into the new namespace.
		inside, err := netns.NewNamed(fmt.Sprintf("pod%d", i))
		check(err)
		check(netns.Set(host))
		attributes := netlink.NewLinkAttrs()
		attributes.Name = fmt.Sprintf("veth%d", i)
		attributes.MasterIndex = bridge
		attributes.Flags = net.FlagUp
		check(netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(inside),
		}))
		handle, err := netlink.NewHandleAt(inside)
		check(err)
		loopback, err := handle.LinkByName("lo")
		check(err)
		check(handle.LinkSetUp(loopback))
		far, err := handle.LinkByName("eth0")
		check(err)
		local := net.IPv4(10, 1, byte((i+2)>>8), byte(i+2))
		check(handle.AddrAdd(far, &netlink.Addr{IPNet: &net.IPNet{IP: local, Mask: net.CIDRMask(16, 32)}}))
		check(handle.LinkSetUp(far))
		check(handle.RouteAdd(&netlink.Route{LinkIndex: far.Attrs().Index, Gw: gateway}))
		handle.Delete()
		check(inside.Close())
	}
	return outcome{Seconds: time.Since(start).Seconds(), Items: count}
}

// The others were disturbed.
func best(times []float64) float64 {
	sort.Float64s(times)
	return times[0]
}

func links(repeats int) outcome {
	var found []netlink.Link
	times := []float64{}
	read := map[string]int{}
	for i := 0; i < repeats; i++ {
		start := time.Now()
		list, err := netlink.LinkList()
		check(err)
		read = map[string]int{}
		for _, link := range list {
			attributes := link.Attrs()
			read["index"] += attributes.Index
			read["name"] += len(attributes.Name)
			read["mtu"] += attributes.MTU
			read["master"] += attributes.MasterIndex
			read["kind"] += len(link.Type())
			if len(attributes.HardwareAddr) > 5 {
				read["address"] += int(attributes.HardwareAddr[5])
			}
		}
		times = append(times, time.Since(start).Seconds())
		found = list
	}
	// Loopback's kind is "device" here, a word that the kernel does not send.
	read["kind"] -= len("device")
	return outcome{Seconds: best(times), Items: len(found), Read: read}
}

func routes(repeats int) outcome {
	var found []netlink.Route
	times := []float64{}
	read := map[string]int{}
	for i := 0; i < repeats; i++ {
		start := time.Now()
		list, err := netlink.RouteList(nil, netlink.FAMILY_V4)
		check(err)
		read = map[string]int{}
		for _, route := range list {
			if route.Dst != nil {
				read["dst"] += int(route.Dst.IP.To4()[2])
			}
			if route.Gw != nil {
				read["gateway"] += int(route.Gw.To4()[3])
			}
		}
		times = append(times, time.Since(start).Seconds())
		found = list
	}
	return outcome{Seconds: best(times), Items: len(found), Read: read}
}

func addRoutes(count int) outcome {
	start := time.Now()
	for i := 0; i < count; i++ {
		value := 0x10000000 + i*256
		prefix := net.IPv4(byte(value>>24), byte(value>>16), byte(value>>8), 0)
		check(netlink.RouteAdd(&netlink.Route{
			Dst: &net.IPNet{IP: prefix, Mask: net.CIDRMask(24, 32)},
			Gw:  net.IPv4(192, 0, 2, 2),
		}))
	}
	return outcome{Seconds: time.Since(start).Seconds(), Items: count}
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "rival WORK COUNT …")
		os.Exit(2)
	}
	var result outcome
	switch os.Args[1] {
	case "create":
		result = create(number(2), number(3))
	case "delete":
		result = remove(number(2))
	case "pods":
		result = pods(number(2), number(3))
	case "links":
		result = links(number(2))
	case "routes":
		result = routes(number(2))
	case "add-routes":
		result = addRoutes(number(2))
	default:
		os.Exit(2)
	}
	check(json.NewEncoder(os.Stdout).Encode(result))
}
