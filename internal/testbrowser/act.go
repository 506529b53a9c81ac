package testbrowser

import (
	"errors"
	"fmt"

	"github.com/chromedp/chromedp"
)

// finder is a function that finds the first element that can be seen, by a CSS selector and, where it is not empty,
// by its name: its aria-label, or else its text.
const finder = `(css, name) => {
	const words = s => s.replace(/\s+/g, " ").trim();
	return [...document.querySelectorAll(css)].find(e => e.checkVisibility() && e.getClientRects().length > 0 &&
		(name === "" || words(e.getAttribute("aria-label") || e.innerText) === name));
}`

func found(css, name string) string {
	return fmt.Sprintf("(%s)(%s, %s)", finder, quote(css), quote(name))
}

// Wait waits until a JavaScript expression about the page holds.
func (p *Page) Wait(what, expression string) {
	p.t.Helper()
	p.until(what, func() (bool, error) { return evaluate[bool](p, "Boolean("+expression+")", false) })
}

// WaitFor waits until an element can be seen that matches the selector and has that name; "" is any.
func (p *Page) WaitFor(css, name string) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("%s %q", css, name), found(css, name))
}

// Has tells whether such an element can be seen now.
func (p *Page) Has(css, name string) bool {
	p.t.Helper()
	return Eval[bool](p, "Boolean("+found(css, name)+")")
}

// Text is the text that can be seen in the first element that matches the selector; empty if there is none.
func (p *Page) Text(css string) string {
	p.t.Helper()
	return Eval[string](p, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(css)))
}

// Texts are those of all the elements that match.
func (p *Page) Texts(css string) []string {
	p.t.Helper()
	return Eval[[]string](p, fmt.Sprintf("[...document.querySelectorAll(%s)].map(e => e.innerText.trim())", quote(css)))
}

// Click waits for an element as WaitFor does, and clicks into its middle. What covers it gets in the way.
func (p *Page) Click(css, name string) {
	p.t.Helper()
	var at struct{ X, Y float64 }
	p.until(fmt.Sprintf("%s %q to click on", css, name), func() (_ bool, err error) {
		at, err = evaluate[struct{ X, Y float64 }](p, `(e => {
			if (!e) throw new Error("there is none");
			e.scrollIntoView({block: "center", behavior: "instant"});
			const box = e.getClientRects()[0], x = box.x + box.width / 2, y = box.y + box.height / 2;
			const top = document.elementFromPoint(x, y);
			if (!e.contains(top)) throw new Error("it is covered by " + top?.outerHTML);
			return {X: x, Y: y};
		})(`+found(css, name)+")", false)
		return err == nil, err
	})
	p.do("click", chromedp.MouseClickXY(at.X, at.Y))
}

// Follow clicks and waits until another document has been loaded.
func (p *Page) Follow(css, name string) {
	p.t.Helper()
	p.change(fmt.Sprintf("a page behind %s %q", css, name), func() { p.Click(css, name) })
}

// Press sends keys, such as kb.Tab, to the element that has the focus.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do("press a key", chromedp.KeyEvent(keys))
}

// PressTo presses keys and waits until another document has been loaded.
func (p *Page) PressTo(keys string) {
	p.t.Helper()
	p.change("another page", func() { p.Press(keys) })
}

// Choose chooses an option of a select by its value.
func (p *Page) Choose(css, value string) {
	p.t.Helper()
	p.WaitFor(css, "")
	Eval[any](p, fmt.Sprintf(`(e => {
		e.focus();
		e.value = %s;
		for (const type of ["input", "change"]) e.dispatchEvent(new Event(type, {bubbles: true}));
	})(document.querySelector(%s))`, quote(value), quote(css)))
}

// Fill replaces the text of an input by typing.
func (p *Page) Fill(css, text string) {
	p.t.Helper()
	p.Click(css, "")
	Eval[any](p, "document.activeElement.select?.()")
	p.Press(text)
}

// change does something and waits until the document that was shown is replaced by another, all of which is there.
func (p *Page) change(what string, action func()) {
	p.t.Helper()
	const document = "performance.timeOrigin"
	before := Eval[float64](p, document)
	action()
	p.until(what, func() (bool, error) {
		now, err := evaluate[float64](p, `document.readyState === "complete" ? performance.timeOrigin : 0`, false)
		if err == nil && now == before {
			err = errors.New("the same document is still shown")
		}
		return err == nil && now != 0 && now != before, err
	})
}
