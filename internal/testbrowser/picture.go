package testbrowser

import (
	"bytes"
	"image/png"

	"github.com/chromedp/cdproto/page"
)

// Picture is what the window shows, as PNG.
func (p *Page) Picture() []byte {
	p.t.Helper()
	shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
	// Browsers are quick to write PNG, not thorough.
	image, err := png.Decode(bytes.NewReader(shot.Data))
	p.check("read the picture", err)
	var small bytes.Buffer
	p.check("write the picture", (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, image))
	return small.Bytes()
}
