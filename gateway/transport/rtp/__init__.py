"""The sound of a telephone call: RTP both ways, at an even pace, from the one party it was agreed with."""
