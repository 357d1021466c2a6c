"""Work orders: filled in from what was said, kept with their history, told to callers who ask after them."""
