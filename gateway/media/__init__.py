"""Sound in frames: clocked, resampled, paced, recorded. No sockets here."""
