"""Engines made of engines: what one can't do, an adapter in front of it can. Each keeps the contract of an engine."""
