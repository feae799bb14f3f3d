// The works of nftables through github.com/google/nftables, as its users write them.
//
//	rival load WHAT COUNT           rules, elements or map
//	rival list WHAT REPEATS         what the library reads of the same
//
// One Flush is one datagram, which has to fit into the socket's send buffer, and what the kernel echoes of it into the
// receive buffer; this version leaves both at the kernel's default. Therefore many rules and elements take many
// transactions here: one for 50 rules or 2,000 elements. Prints one line of JSON.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

const (
	rulesAtOnce    = 50
	elementsAtOnce = 2000
)

type outcome struct {
	Seconds float64 `json:"seconds"`
	Items   int     `json:"items"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func flushed(connection *nftables.Conn) {
	check(connection.Flush())
}

func port(number int) []byte {
	return binaryutil.BigEndian.PutUint16(uint16(number))
}

func loadRules(connection *nftables.Conn, table *nftables.Table, count int) {
	chain := connection.AddChain(&nftables.Chain{
		Name: "input", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
	})
	for i := 0; i < count; i++ {
		connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 4},
			&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: []byte{10, byte(i >> 16), byte(i >> 8), byte(i)}},
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: []byte{6}},
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
			&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: port(1024 + i%60000)},
			&expr.Counter{},
			&expr.Verdict{Kind: expr.VerdictAccept},
		}})
		if i%rulesAtOnce == rulesAtOnce-1 {
			flushed(connection)
		}
	}
	flushed(connection)
}

func add(connection *nftables.Conn, set *nftables.Set, count int, element func(int) nftables.SetElement) {
	check(connection.AddSet(set, nil))
	for start := 0; start < count; start += elementsAtOnce {
		values := make([]nftables.SetElement, 0, elementsAtOnce)
		for i := start; i < count && i < start+elementsAtOnce; i++ {
			values = append(values, element(i))
		}
		check(connection.SetAddElements(set, values))
		flushed(connection)
	}
}

func loadElements(connection *nftables.Conn, table *nftables.Table, count int) {
	set := &nftables.Set{Table: table, Name: "many", KeyType: nftables.TypeIPAddr}
	add(connection, set, count, func(i int) nftables.SetElement {
		return nftables.SetElement{Key: []byte{16, byte(i >> 16), byte(i >> 8), byte(i)}}
	})
}

func loadMap(connection *nftables.Conn, table *nftables.Table, count int) {
	kind, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
	check(err)
	set := &nftables.Set{
		Table: table, Name: "forwards", IsMap: true, KeyType: nftables.TypeInetService, DataType: kind,
	}
	add(connection, set, count, func(i int) nftables.SetElement {
		value := make([]byte, 8)
		copy(value, []byte{10, 2, byte(i >> 8), byte(i)})
		binary.BigEndian.PutUint16(value[4:], uint16(8000+i%1000))
		return nftables.SetElement{Key: port(1024 + i), Val: value}
	})
	chain := connection.AddChain(&nftables.Chain{
		Name: "prerouting", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityNATDest,
	})
	connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: []byte{6}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Lookup{SourceRegister: 1, DestRegister: 1, IsDestRegSet: true, SetName: set.Name, SetID: set.ID},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: 2, RegAddrMin: 1, RegProtoMin: 9},
	}})
	flushed(connection)
}

func read(connection *nftables.Conn, what string) int {
	tables, err := connection.ListTablesOfFamily(nftables.TableFamilyIPv4)
	check(err)
	if what == "rules" {
		rules, err := connection.GetRules(tables[0], &nftables.Chain{Name: "input", Table: tables[0]})
		check(err)
		return len(rules)
	}
	// GetSets does not know the type of a concatenation; the elements can be asked for by the set's name.
	set := &nftables.Set{Table: tables[0], Name: "many", KeyType: nftables.TypeIPAddr}
	if what == "map" {
		set = &nftables.Set{Table: tables[0], Name: "forwards", IsMap: true, KeyType: nftables.TypeInetService}
	}
	elements, err := connection.GetSetElements(set)
	check(err)
	return len(elements)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "rival load|list WHAT NUMBER")
		os.Exit(2)
	}
	what := os.Args[2]
	number, err := strconv.Atoi(os.Args[3])
	check(err)
	connection, err := nftables.New()
	check(err)
	result := outcome{Items: number}
	if os.Args[1] == "list" {
		for i := 0; i < number; i++ {
			start := time.Now()
			items := read(connection, what)
			if took := time.Since(start).Seconds(); i == 0 || took < result.Seconds {
				result.Seconds = took
			}
			result.Items = items
		}
	} else {
		start := time.Now()
		table := connection.AddTable(&nftables.Table{Name: "bench", Family: nftables.TableFamilyIPv4})
		switch what {
		case "rules":
			loadRules(connection, table, number)
		case "elements":
			loadElements(connection, table, number)
		case "map":
			loadMap(connection, table, number)
		default:
			os.Exit(2)
		}
		result.Seconds = time.Since(start).Seconds()
	}
	check(json.NewEncoder(os.Stdout).Encode(result))
}
