package checker

import "errors"

// Question is one thing to observe on a machine. It travels as a data line that the script reads with
// `read -r`; it is never shell source.
type Question struct {
	// Op names the shell function that answers: a constant of the kind, [a-z_]+.
	Op string
	// Arg is what it is asked of: a path, a name. Any bytes but newline and NUL.
	Arg string
}

// Answer is what the machine said to one Question.
type Answer struct {
	Payload []byte
	// Err says why it could not be observed; Payload is empty then.
	Err string
}

// Answers holds what is known so far for one item, by its questions.
type Answers map[Question]Answer

// to returns the answer to a question, or the error that the machine gave instead. A kind only asks for answers to
// what it has asked.
func (a Answers) to(op, arg string) (string, error) {
	answer, ok := a[Question{Op: op, Arg: arg}]
	switch {
	case !ok:
		return "", errors.New("was not observed")
	case answer.Err != "":
		return "", errors.New(printable(answer.Err, maxText))
	}
	return string(answer.Payload), nil
}
