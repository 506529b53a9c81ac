package testbrowser

// Home is the home directory of the browser's processes.
func Home(b *Browser) string { return b.home }
