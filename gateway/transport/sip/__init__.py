"""Callers from the telephone: SIP signalling, on aiosipua's parser, with transactions and dialogs of our own."""
