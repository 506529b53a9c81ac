package state

func childWriter() int { return 0 }
func childOpen() int   { return 0 }
