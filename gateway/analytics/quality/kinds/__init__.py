"""The kinds of questions that a rule may ask, a module each. Each is a part of quality.yaml and answers `find`."""
