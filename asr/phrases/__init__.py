"""Expected phrases, heard by their sound: how well an utterance says each of them, whatever the decoder wrote.

    syllables    the syllables of Mandarin without their tones, and those of a text
    likelihood   the likelihood ratio of each of many phrases, of the rows of a head that names syllables

Pure: arrays and strings in, numbers out. `asr.engines.whisper_phrases` puts them behind the embedded engine.
"""
