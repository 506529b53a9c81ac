package checker

import "errors"

// Question is one thing to observe on a machine. It travels as a data line that the script reads with
// `read -r`; it is never shell source.
type Question struct {
	// Op names the shell function that answers: a constant of the kind, [a-z_]+.
	Op string
	// Arg is what it is asked of: a path, a name. Any bytes but newline and NUL.
	Arg string
	// Size is how many bytes the answer will have at most, where that is more than a few: questions with a size are
	// asked a few at a time, and their answers kept no longer than an item waits for them.
	Size int64
}

// key is the question without what does not tell it from others.
func (q Question) key() Question {
	q.Size = 0
	return q
}

// maxContent bounds the files that are read on our side, in bytes.
const maxContent = 1 << 20

// Answer is what the machine said to one Question.
type Answer struct {
	Payload string
	// Err says why it could not be observed; Payload is empty then.
	Err string
}

// Answers holds what is known so far of a machine, by questions without their sizes. Large answers are there only as long as an
// item waits for them.
type Answers map[Question]Answer

// has tells whether a question was answered.
func (a Answers) has(q Question) bool {
	_, ok := a[q.key()]
	return ok
}

// to returns the answer to a question, or the error that the machine gave instead. A kind only asks for answers to
// what it has asked.
func (a Answers) to(op, arg string) (string, error) {
	answer, ok := a[Question{Op: op, Arg: arg}]
	switch {
	case !ok:
		return "", errors.New("was not observed")
	case answer.Err != "":
		return "", machineError(printable(answer.Err, maxText))
	}
	return answer.Payload, nil
}

// machineError is what the script says in place of an answer. Its texts are the script's own: they hold nothing of
// what was to be observed.
type machineError string

func (e machineError) Error() string { return string(e) }
