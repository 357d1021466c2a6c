"""One file a step, named after its number; a step that has shipped is never edited."""
