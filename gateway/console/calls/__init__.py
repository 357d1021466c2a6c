"""The list of calls, apart from its page: what stands in its address, its words, and what is exported of it."""
