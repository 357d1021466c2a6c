"""Flows as data: the language, its loader, and the pure machine that walks it."""
