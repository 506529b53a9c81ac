package checker

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// portKind checks which ports are listened on, by the kernel's tables of sockets.
type portKind struct{}

func (portKind) Name() string              { return "port" }
func (portKind) Section() (string, string) { return "ports", "" }
func (portKind) Fields() any               { return portFields{} }
func (portKind) Shell() string             { return portShell }

// portFields is an item of the section ports.
type portFields struct {
	Port        yamlfile.Scalar `yaml:"port" show:"always"`
	Protocol    yamlfile.Scalar `yaml:"protocol" show:"always"`
	Listening   yamlfile.Bool   `yaml:"listening" show:"always"`
	Address     yamlfile.Scalar `yaml:"address" show:"always"`
	Process     yamlfile.Scalar `yaml:"process" show:"open"`
	pack.Common `yaml:",inline"`
}

// portItem is a port and what must listen on it, or that nothing must.
type portItem struct {
	protocol string // tcp, udp
	port     uint16
	closed   bool
	address  netip.Addr // the zero one: any
	process  string     // empty: any
}

// Identity is tcp/22, or tcp/127.0.0.1:22 where an address is demanded.
func (p *portItem) Identity() string {
	if p.address.IsValid() {
		return p.protocol + "/" + netip.AddrPortFrom(p.address, p.port).String()
	}
	return p.protocol + "/" + strconv.Itoa(int(p.port))
}

func (p *portItem) Definition() string {
	return definition("port", p.Identity(), "closed", strconv.FormatBool(p.closed), "process", p.process)
}

func (portKind) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in portFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	p := &portItem{protocol: d.oneOf("protocol", in.Protocol, "tcp", "udp"), closed: !in.Listening.Or(true), process: d.text("process", in.Process)}
	if p.protocol == "" {
		p.protocol = "tcp"
	}
	number, err := strconv.ParseUint(d.required("port", in.Port), 10, 16)
	if in.Port.Set && (err != nil || number == 0) {
		d.problem(in.Port.Line, "port must be a number from 1 to 65535")
	}
	p.port = uint16(number)
	if in.Address.Set {
		if p.address, err = netip.ParseAddr(in.Address.Value); err != nil || p.address.Zone() != "" {
			d.problem(in.Address.Line, "address must be an IP address without a zone, such as 127.0.0.1 or ::")
		}
		p.address = p.address.Unmap()
	}
	if p.closed && in.Process.Set {
		d.problem(in.Process.Line, "listening: false excludes process")
	}
	return p, d.problems
}

// tables are the kernel's tables that hold the sockets of a protocol.
func (p *portItem) tables() []string { return []string{p.protocol, p.protocol + "6"} }

func (portKind) Ops(pack.Item) []string {
	return []string{"port_table", "port_process"}
}

func (portKind) Ask(_ Facts, item pack.Item) ([]Question, error) {
	var questions []Question
	for _, table := range item.(*portItem).tables() {
		questions = append(questions, Question{Op: "port_table", Arg: table})
	}
	return questions, nil
}

func (portKind) Compare(facts Facts, item pack.Item, answers Answers) ([]state.Mismatch, []Question, error) {
	p := item.(*portItem)
	var sockets []socket
	for _, table := range p.tables() {
		answer, err := answers.to("port_table", table)
		if err != nil {
			return nil, nil, err
		}
		all, err := parseSockets(answer, orderOf(facts.Arch))
		if err != nil {
			return nil, nil, fmt.Errorf("/proc/net/%s: %w", table, err)
		}
		for _, s := range all {
			if s.port == p.port {
				sockets = append(sockets, s)
			}
		}
	}
	if p.closed {
		mismatches, err := p.compareClosed(sockets)
		return mismatches, nil, err
	}
	return p.compareOpen(sockets, answers)
}

const (
	listening    = "listening"
	notListening = "not listening"
)

var (
	errByteOrder = errors.New("the machine does not say its byte order, which addresses depend on")
	errDualStack = errors.New("whether the socket at :: takes IPv4 as well cannot be seen")
)

// compareClosed demands that nothing listens, at an address if one is given: one at all addresses does.
func (p *portItem) compareClosed(sockets []socket) ([]state.Mismatch, error) {
	doubt := false
	for _, s := range sockets {
		switch {
		case p.address.IsValid() && !s.address.IsValid():
			return nil, errByteOrder
		case !p.address.IsValid(), s.address == p.address, s.address.IsUnspecified() && s.address.Is4() == p.address.Is4():
			return []state.Mismatch{{Type: "unexpected_port", Expected: notListening, Actual: listening + " on " + addressesOf(sockets)}}, nil
		case s.address.IsUnspecified() && s.address.Is6():
			doubt = true
		}
	}
	if doubt {
		return nil, errDualStack
	}
	return nil, nil
}

// compareOpen demands that something listens, at exactly this address if one is given, and that it is held by this
// process if one is.
func (p *portItem) compareOpen(sockets []socket, answers Answers) ([]state.Mismatch, []Question, error) {
	if len(sockets) == 0 {
		return []state.Mismatch{{Type: "missing_port", Expected: listening, Actual: notListening}}, nil, nil
	}
	if p.address.IsValid() {
		if slices.ContainsFunc(sockets, func(s socket) bool { return !s.address.IsValid() }) {
			return nil, nil, errByteOrder
		}
		at := slices.DeleteFunc(slices.Clone(sockets), func(s socket) bool { return s.address != p.address })
		if len(at) == 0 {
			return []state.Mismatch{{Type: "wrong_address", Expected: p.address.String(), Actual: addressesOf(sockets)}}, nil, nil
		}
		sockets = at
	}
	if p.process == "" {
		return nil, nil, nil
	}
	return p.compareProcess(sockets, answers)
}

// maxComm is how much of a process's name the kernel keeps.
const maxComm = 15

// compareProcess demands that each socket is held by the process, perhaps beside others.
func (p *portItem) compareProcess(sockets []socket, answers Answers) ([]state.Mismatch, []Question, error) {
	var more []Question
	for _, s := range sockets {
		if q := (Question{Op: "port_process", Arg: s.inode}); !answers.has(q) && !slices.Contains(more, q) {
			more = append(more, q)
		}
	}
	if len(more) > 0 {
		return nil, more, errUndecided
	}
	wanted := p.process[:min(maxComm, len(p.process))]
	for _, s := range sockets {
		answer, err := answers.to("port_process", s.inode)
		if err != nil {
			return nil, nil, err
		}
		names, all, err := parseHolders(answer)
		switch {
		case err != nil:
			return nil, nil, err
		case slices.Contains(names, wanted):
		case !all:
			return nil, nil, machineError("permission denied")
		case len(names) == 0:
			return nil, nil, errors.New("no process that can be seen holds the socket")
		default:
			return []state.Mismatch{{Type: "wrong_process", Expected: p.process, Actual: strings.Join(names, ", ")}}, nil, nil
		}
	}
	return nil, nil, nil
}

// parseHolders reads an answer to port_process: a line =NAME for each process, and whether all could be seen.
func parseHolders(answer string) (names []string, all bool, err error) {
	lines := strings.Split(answer, "\n")
	last := len(lines) - 1
	for _, line := range lines[:last] {
		name, ok := strings.CutPrefix(line, "=")
		if !ok {
			return nil, false, errMalformed
		}
		names = append(names, name)
	}
	if lines[last] != "all" && lines[last] != "some" {
		return nil, false, errMalformed
	}
	slices.Sort(names)
	return slices.Compact(names), lines[last] == "all", nil
}
