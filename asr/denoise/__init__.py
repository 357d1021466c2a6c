"""Takes out of a caller's sound what isn't the caller's, for the recogniser alone: nobody listens to it.

mask        a small network that turns down noise and other voices in Whisper's features
"""
