package checker

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
