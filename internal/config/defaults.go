package config

import "time"

// defaultConfig is every value that need not be given. Paths are as a user would write them: those in the home are
// left out where no home is known.
func defaultConfig() Config {
	return Config{
		Schedule: Schedule{Cron: "0 6 * * *", Location: time.UTC, CatchUp: true},
		Check:    Check{Concurrency: 32, Timeout: time.Minute, Retries: 2, RetryDelay: 5 * time.Minute},
		PacksDir: "packs",
		SSH: SSH{
			// No user: ssh_config's, or the one who runs the program, as with ssh itself.
			Port:            22,
			IdentityFiles:   []string{"~/.ssh/id_ed25519"},
			KnownHostsFiles: []string{"~/.ssh/known_hosts"},
			HostKeyPolicy:   HostKeyStrict,
			ConnectTimeout:  10 * time.Second,
			MaxStartups:     8, // sshd drops from 10 on
			ConfigFile:      "~/.ssh/config",
		},
		Alerting: Alerting{ResendDelay: time.Minute},
	}
}

// defaultMachine is the same for a machine of that name; its SSH is the configuration's.
func defaultMachine(name string, ssh SSH) Machine {
	return Machine{
		Name: name, DisplayName: name, Address: name, Transport: TransportSSH,
		Enabled: true, BecomeUser: "root", SSH: ssh,
	}
}

// defaultAlertmanagerTimeout bounds one request to an Alertmanager.
const defaultAlertmanagerTimeout = 10 * time.Second

// defaultWorkerTimeout is how long a worker's machine waits for it in a cluster.
const defaultWorkerTimeout = 30 * time.Second
