"""What Alembic runs to bring one database to another version; ``ballot.store.schema`` calls it."""

from alembic import context

from ballot.store.schema import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
