"""In: a bare machine. Out: one real Kafka broker and one real PostgreSQL for development and tests.

`python -m deploy.local` starts and stops both for a person; `tests/services.py` starts them for a test session.
Whatever cannot be had raises `LocalPartsError` with one line that says what to do.
"""
