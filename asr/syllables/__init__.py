"""What the sound itself says, syllable by syllable, whatever the decoder writes.

    names       the syllables of Mandarin without their tones, and those of a text
    head        a small network that names the syllables in what Whisper's encoder makes of the sound

`asr.closed` reads answers to closed questions from it, `asr.phrases` how well an utterance says an expected phrase.
"""
