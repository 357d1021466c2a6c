"""Hearing: engines behind one protocol, voice activity, and Chinese text. Importable without the gateway."""
