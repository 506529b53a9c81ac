package checker

import "errors"

// A kind whose script answers many questions with what one program prints tells these answers apart: on this side, since a
// shell that did it would have to make a copy of itself first, to hold what was printed.

// sharer is such a kind.
type sharer interface {
	// share returns the answers to questions of an op by what the program printed, which has ended well: one for each, in
	// their order. If it cannot tell them apart it returns none.
	share(op string, asked []shared, printed string) []string
}

// shared is a question of a batch.
type shared struct {
	arg    string
	marked bool // by the script, as the op has it
}

// errUnclear is the answer to all questions of a batch that was not told apart, time and again.
const errUnclear = machineError("what was printed makes no sense")

// share answers the questions of a batch. They have one op, and none of them was answered before.
func (d *dialogue) share(f frame) error {
	if len(f.batch) == 0 {
		return nil // it failed; the script asks in another way
	}
	asked := make([]shared, len(f.batch))
	var op string
	for i, one := range f.batch {
		question, err := d.open(one.number)
		if err != nil {
			return err
		}
		if op == "" {
			op = question.Op
		}
		if question.Op != op || i > 0 && one.number <= f.batch[i-1].number {
			return errMalformed
		}
		asked[i] = shared{question.Arg, one.marked}
	}
	kind, can := kindsByOp()[op].(sharer)
	if !can {
		return errMalformed
	}
	answers := kind.share(op, asked, f.text)
	for i, one := range f.batch {
		if len(answers) == len(asked) {
			d.answer(one.number, Answer{Payload: answers[i]})
		} else { // perhaps a login file has printed something in between
			d.answer(one.number, Answer{Err: errUnclear.Error()})
			d.unclear = append(d.unclear, d.asked[one.number-1])
		}
	}
	return nil
}

// open is the question of that number, which must be there and not answered yet.
func (d *dialogue) open(number int) (Question, error) {
	if number < 1 || number > len(d.asked) {
		return Question{}, errMalformed
	}
	if d.got[number-1] {
		return Question{}, errors.New("a question was answered twice")
	}
	return d.asked[number-1].key(), nil
}

// answer keeps an answer, unless it comes from an installed script that may mean something else by it.
func (d *dialogue) answer(number int, a Answer) {
	question := d.asked[number-1].key()
	if a.Err == "" && !d.helper.answersAsWeDo(question.Op) {
		a = Answer{Err: "the installed helper of another version observes this in another way: " + installThisOne}
	}
	d.answers[question] = a
	d.got[number-1] = true
}
