"""Alembic environment of the store. There is no alembic.ini: `service.store.schema` runs it."""
