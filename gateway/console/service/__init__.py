"""The report's figures for people: compared, drawn, limited to what each may see; drop-off; words on the rise."""
