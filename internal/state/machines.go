package state

import (
	"context"
	"fmt"
)

// PutMachine stores what the last attempt at a machine found. It is dropped if what is stored is of a later run.
// When it returns nil, the View shows the outcome.
func (s *Store) PutMachine(ctx context.Context, m Machine) error {
	key, err := encodeID(m.Name)
	if err != nil {
		return fmt.Errorf("store machine: %w", err)
	}
	m.Facts = cutFacts(m.Facts)
	if m.Failure != nil {
		f := *m.Failure
		f.Message = cut(f.Message, maxMessage)
		m.Failure = &f
	}
	value, err := encode(m)
	if err != nil {
		return fmt.Errorf("store machine %s: %w", m.Name, err)
	}
	known, revision := s.view.machines.find(m.Name)
	after, err := s.changeShown(ctx, s.buckets.machines, key, revision, func(cur entry) (change, error) {
		old := known
		if !cur.assumed {
			old, _ = decodeMachine(m.Name, cur.value) // a corrupt one counts as absent
		}
		if old != nil && CompareRunIDs(old.Run, m.Run) > 0 {
			return change{op: opLeave}, nil
		}
		return change{op: opPut, value: value}, nil
	})
	if err != nil {
		return fmt.Errorf("store machine %s: %w", m.Name, err)
	}
	shown, err := decodeMachine(m.Name, after.value)
	if err != nil {
		return fmt.Errorf("store machine %s: %w", m.Name, err)
	}
	s.view.machines.put(m.Name, after.revision, shown)
	return nil
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
