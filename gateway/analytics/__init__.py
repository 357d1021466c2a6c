"""Understanding calls: what was wanted, how the caller felt, what somebody ought to look at, and what follows."""
