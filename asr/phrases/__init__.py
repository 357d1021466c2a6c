"""Expected phrases, heard by their sound: how well an utterance says each of them, whatever the decoder wrote.

Pure: arrays in, numbers out. `asr.engines.whisper_phrases` puts it behind the embedded engine.
"""
