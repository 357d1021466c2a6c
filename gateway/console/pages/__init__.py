"""The pages: a file each, whose import puts them in place (`gateway.console.frame.page`)."""
