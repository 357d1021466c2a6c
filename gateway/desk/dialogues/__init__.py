"""Test dialogues: a hotline's conversations as a designer writes them, held with its flow in text or aloud."""
