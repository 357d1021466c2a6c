"""The steps that bring a store of any earlier version up to the tables of this one; `env.py` is Alembic's entry."""
