"""The flow studio: a hotline's files in an editor, checked as one types, tried, tested, mended, and saved safely.

`files` says which files those are, `trial` checks a copy with the unsaved text, `saving` writes and keeps versions,
`phrases` edits the text, `heard` asks the store, `chat` and `dialogues` try; `desk` and `panel_*` draw. The page is
`gateway.console.pages.studio`.
"""
