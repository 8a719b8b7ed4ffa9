"""In: a machine without Kafka or PostgreSQL. Out: what runs there, and what is installed there."""
