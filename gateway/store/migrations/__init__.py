"""The steps that bring a store of any earlier version up to the tables of this one; `env.py` is Alembic's entry.

To change the tables: change `gateway/store/tables.py`, then write the step that does the same as the next file of
`versions/`. A test compares the two. A step that has shipped is never edited.
"""
