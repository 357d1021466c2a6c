"""A caller made of a script: calls without a network, as fast as the machine can."""
