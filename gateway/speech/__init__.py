"""From the sound of one call to facts: who spoke when, which keys, and what the recogniser made of it."""
