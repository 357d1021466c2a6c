"""The hotline's voice: recordings joined into prompts, numbers and dates among them, and played 20 ms at a time."""
