package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// externalURL is the URL that alerts link to: the one given, or this host and the port listened on.
func externalURL(given, hostname, listenAddress string) (*url.URL, error) {
	if given == "" {
		_, port, err := net.SplitHostPort(listenAddress)
		if err != nil {
			return nil, fmt.Errorf("listen address %q: %w", listenAddress, err)
		}
		if hostname == "" {
			hostname = "localhost"
		}
		given = "http://" + net.JoinHostPort(hostname, port) + "/"
	}
	u, err := url.Parse(given)
	if err != nil { // which quotes what may be a password
		return nil, errors.New("external URL: it is not a valid URL")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("external URL %q must be http://host… or https://host…", u.Redacted())
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("external URL %q must not have a user, a query or a fragment: it is sent in alerts", u.Redacted())
	}
	u.Path = "/" + strings.Trim(u.Path, "/")
	return u, nil
}
