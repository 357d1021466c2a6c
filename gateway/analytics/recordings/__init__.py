"""Recordings from elsewhere: heard, told apart by speaker, and analysed as calls are; thousands in a row."""
