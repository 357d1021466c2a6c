"""Is this speech: what rises above the noise floor, judged by Silero."""
