"""Answers to closed questions: numbers, months, amounts, dates, yes and no, heard within their own small vocabulary.

    sounds      the characters that such answers are made of, and which of them each kind of answer uses
    search      the likeliest strings of them that a grammar allows, by the syllables that the sound says
    grammar     what may follow what, and whether it is a whole answer

Pure: arrays and strings in, strings out. `asr.engines.whisper_closed` puts them behind the embedded engine.
"""
