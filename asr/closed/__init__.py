"""Answers to closed questions: numbers, months, amounts, dates, yes and no, heard within their own small vocabulary.

    sounds      the syllables that such answers are made of, and which of them each kind of answer uses
    head        a small network that tells, for each 20 ms of encoded sound, which of these syllables is spoken
    search      the likeliest strings of syllables that a grammar allows
    grammar     what may follow what, and whether it is a whole answer

Pure: arrays and strings in, strings out. `asr.engines.whisper_closed` puts them behind the embedded engine.
"""
