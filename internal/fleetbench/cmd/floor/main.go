// Command floor is the least that a check over SSH can be: of each machine it dials, logs in, runs one command, reads its
// output and compares that with what is wanted. It has no configuration, no packs, no report and no patience: it is what
// the benchmark holds everything else against.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

func main() { os.Exit(run()) }

func run() int {
	hosts := flag.String("hosts", "", "file with the addresses, one a line")
	port := flag.String("port", "22", "port of all of them")
	user := flag.String("user", "", "who logs in")
	keyFile := flag.String("key", "", "private key")
	hostKeyFile := flag.String("host-key", "", "public key of all machines")
	commandFile := flag.String("command", "", "file with the command")
	outputFile := flag.String("output", "", "file with the output that is wanted")
	concurrency := flag.Int("concurrency", 32, "machines at a time")
	flag.Parse()

	texts := make([]string, 0, 5)
	for _, file := range []string{*hosts, *keyFile, *hostKeyFile, *commandFile, *outputFile} {
		data, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, "floor:", err)
			return 2
		}
		texts = append(texts, string(data))
	}
	config, err := login(*user, texts[1], texts[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		return 2
	}
	addresses, command, wanted := strings.Fields(texts[0]), texts[3], texts[4]
	var as atomic.Int64
	var group errgroup.Group
	group.SetLimit(*concurrency)
	for _, address := range addresses {
		group.Go(func() error {
			output, err := ask(net.JoinHostPort(address, *port), config, command)
			switch {
			case err != nil:
				fmt.Fprintf(os.Stderr, "floor: %s: %v\n", address, err)
			case output != wanted:
				fmt.Printf("%s: %s", address, output)
			default:
				as.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait()
	fmt.Printf("%d of %d as wanted\n", as.Load(), len(addresses))
	if as.Load() != int64(len(addresses)) {
		return 1
	}
	return 0
}

func login(user, key, hostKey string) (*ssh.ClientConfig, error) {
	signer, err := ssh.ParsePrivateKey([]byte(key))
	if err != nil {
		return nil, err
	}
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(hostKey))
	if err != nil {
		return nil, err
	}
	return &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: ssh.FixedHostKey(host), HostKeyAlgorithms: []string{host.Type()},
	}, nil
}

// ask runs the command. How it ended does not matter: its output says all.
func ask(address string, config *ssh.ClientConfig, command string) (string, error) {
	client, err := ssh.Dial("tcp", address, config)
	if err != nil {
		return "", err
	}
	defer func() { _ = client.Close() }()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	output, err := session.Output(command)
	if len(output) > 0 {
		err = nil
	}
	return string(output), err
}
