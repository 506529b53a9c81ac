// Package testtruth makes a world of which everything is known: machines that drift and heal as they are told, the real
// exporter over them, a real Alertmanager behind it, and a model of what must be true of all of it. Tests that disturb the
// exporter compare what it and Alertmanager say with the model. It is for tests only.
package testtruth
