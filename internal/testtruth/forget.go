package testtruth

// LoseAlertmanager ends Alertmanager in a way that it forgets all that it has told, or, kept, in one that it does not.
func (w *World) LoseAlertmanager(kept bool) (back func()) {
	w.t.Helper()
	w.Alertmanager.Terminate()
	before := map[*Truth]int{} // episodes that were told of
	for _, p := range w.Model.Pairs {
		if p.Fires() {
			before[p] = len(p.Episodes)
		}
	}
	return func() {
		w.t.Helper()
		w.Alertmanager.Restart(!kept)
		if kept {
			return
		}
		for p, n := range before { // it hears of these as if they were new, or of their ends only, which mean nothing to it
			e := &p.Episodes[n-1]
			if e.Reason == "" {
				e.Repeats++
			} else {
				e.Unheard = true
			}
		}
	}
}
