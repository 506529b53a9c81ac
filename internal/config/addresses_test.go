package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddressesOfAMachine(t *testing.T) {
	c := load(t, `
ssh: {passphrase_file: /etc/drift/passphrase}
machines:
  - {name: a, packs: [base]}
  - {name: b, packs: [base], address: 10.0.0.1, ssh: {passphrase_file: ~/other}}
  - {name: c, packs: [base], addresses: ["[2001:db8::1]", web1.vpn, 10.0.0.1], ssh: {passphrase_file: ""}}
`)
	var addresses, further, passphrases []any
	for _, m := range c.Machines {
		addresses, further, passphrases = append(addresses, m.Address), append(further, m.FurtherAddresses), append(passphrases, m.SSH.PassphraseFile)
	}
	assert.Equal(t, []any{"a", "10.0.0.1", "2001:db8::1"}, addresses)
	assert.Equal(t, []any{[]string(nil), []string(nil), []string{"web1.vpn", "10.0.0.1"}}, further)
	assert.Equal(t, []any{"/etc/drift/passphrase", home + "/other", ""}, passphrases)

	out, err := c.Redacted()
	require.NoError(t, err)
	again := load(t, string(out))
	for i, m := range again.Machines {
		assert.Equal(t, c.Machines[i].Address, m.Address)
		assert.Equal(t, c.Machines[i].FurtherAddresses, m.FurtherAddresses)
		assert.Equal(t, c.Machines[i].SSH.PassphraseFile, m.SSH.PassphraseFile)
	}
}
