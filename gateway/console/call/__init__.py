"""The page of one call: what of it may be shown, its sound, and the parts that the page is made of."""
