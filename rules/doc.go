// Package rules judges: from what is stored of a pair and a new result (or a reload, or the pair's leaving the fleet)
// it makes what is to be stored next, alert included. It decides what is drift, when an alert starts and when it ends.
//
// Every function is pure: its answer depends on its arguments alone, the time among them, and nothing that it is given
// is changed. So a compare-and-set loop may ask again as often as it likes, and a transition happens exactly once. The
// package must not store, send, log or read a clock; sending is the business of rules/alertmanager.
package rules
