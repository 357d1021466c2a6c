"""One call: its session on media time, the work beside it, its asyncio edge, and what it came to."""
