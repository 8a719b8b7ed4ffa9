"""In: decisions, dead letters and claims on partitions. Out: rows in PostgreSQL or SQLite, and what is read from them.

`service.store.store` has the steps; `schema` the tables; `migrate` brings a database to them.
"""
