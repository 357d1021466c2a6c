"""Calls in progress, watched once a second for all who look, and the state of the engine."""
