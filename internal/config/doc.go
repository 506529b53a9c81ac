// Package config reads config.yaml and the machine files it names into one immutable value. Decoding is
// strict and every problem is reported with its file and line. It knows nothing of packs' content, of SSH or
// of alerts beyond their settings; it reads no environment variables and no flags.
package config
