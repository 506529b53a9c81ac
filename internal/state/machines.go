package state

import (
	"context"
	"fmt"
)

// UpdateMachine changes what is stored of a machine: next gets a copy of it, with nothing but a name if there is
// none, changes it, and returns whether to store it. It may be called several times. When UpdateMachine returns nil,
// the View shows what it returns.
func (s *Store) UpdateMachine(ctx context.Context, name string, next func(*Machine) bool) (Machine, error) {
	key, err := encodeID(name)
	if err != nil {
		return Machine{}, fmt.Errorf("store machine: %w", err)
	}
	known, revision := s.view.machines.find(name)
	after, err := s.changeShown(ctx, s.buckets.machines, key, revision, func(cur entry) (change, error) {
		old := known
		if !cur.assumed {
			old, _ = decodeMachine(name, cur.value) // a corrupt one counts as absent
		}
		m := Machine{Name: name}
		if old != nil {
			m = *old
		}
		if !next(&m) {
			return change{op: opLeave}, nil
		}
		value, err := encode(fitMachine(m, name))
		return change{op: opPut, value: value}, err
	})
	if err != nil {
		return Machine{}, fmt.Errorf("store machine %s: %w", name, err)
	}
	if after.revision == 0 {
		return Machine{Name: name}, nil
	}
	m, err := s.view.machines.stored(name, after)
	if err != nil {
		return Machine{}, fmt.Errorf("store machine %s: %w", name, err)
	}
	return *m, nil
}

// fitMachine is a machine's entry with all texts within their bounds; the caller's is not changed.
func fitMachine(m Machine, name string) Machine {
	m.Name, m.Facts = name, cutFacts(m.Facts)
	if m.Failure != nil {
		f := *m.Failure
		f.Message = cut(f.Message, maxMessage)
		m.Failure = &f
	}
	if m.Retrying != nil {
		r := *m.Retrying
		r.Failure.Message = cut(r.Failure.Message, maxMessage)
		m.Retrying = &r
	}
	return m
}

// DeleteMachine forgets a machine. One that is not stored is not an error.
func (s *Store) DeleteMachine(ctx context.Context, name string) error {
	key, err := encodeID(name)
	if err != nil {
		return fmt.Errorf("delete machine: %w", err)
	}
	after, err := s.buckets.machines.compareAndSet(ctx, key, func(entry) (change, error) {
		return change{op: opRemove}, nil
	})
	if err != nil {
		return fmt.Errorf("delete machine %s: %w", name, err)
	}
	if after.revision != 0 {
		s.view.machines.removed(name, after.revision)
	}
	return nil
}

// maxFact bounds each of a machine's facts: the machine says what it likes.
const maxFact = 1024

func cutFacts(f Facts) Facts {
	for _, s := range []*string{
		&f.OS, &f.Version, &f.Name, &f.Kernel, &f.Arch, &f.Hostname, &f.PackageManager, &f.Init, &f.User, &f.Home,
	} {
		*s = cut(*s, maxFact)
	}
	return f
}
