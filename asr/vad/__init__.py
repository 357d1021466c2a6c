"""Is this speech: webrtcvad gates, Silero confirms."""
