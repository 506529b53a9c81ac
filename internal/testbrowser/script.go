package testbrowser

import (
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Eval is the value of a JavaScript expression about the page. It is evaluated beside the page, with the page's
// document and without its scripts, so that neither disturbs the other and no Content-Security-Policy forbids it.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	value, err := evaluate[T](p, expression, false)
	p.check("evaluate "+expression, err)
	return value
}

func evaluate[T any](p *Page, expression string, await bool) (T, error) {
	var value T
	raw, err := p.run(expression, await)
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &value)
	}
	return value, err
}

// run evaluates an expression in the world beside the page, which is made anew for each document.
func (p *Page) run(expression string, await bool) (json.RawMessage, error) {
	frame := cdp.FrameID(chromedp.FromContext(p.ctx).Target.TargetID) // the uppermost frame has its tab's id
	world, err := try(p, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: "testbrowser"})
	if err != nil {
		return nil, err
	}
	yes := true
	result, err := try(p, runtime.Evaluate, runtime.EvaluateParams{
		Expression: expression, ContextID: world.ExecutionContextID, ReturnByValue: &yes, AwaitPromise: &await,
	})
	if err != nil {
		return nil, err
	}
	if e := result.ExceptionDetails; e != nil {
		return nil, fmt.Errorf("%s: %s", e.Text, describe(e.Exception))
	}
	return json.RawMessage(result.Result.Value), nil
}

// describe is a value of JavaScript as a person may read it.
func describe(o *runtime.RemoteObject) string {
	switch {
	case o == nil:
		return ""
	case o.Description != "":
		return o.Description
	default:
		return string(o.Value)
	}
}

// quote makes a JavaScript string.
func quote(s string) string {
	text, _ := json.Marshal(s) // a string can be marshalled
	return string(text)
}
