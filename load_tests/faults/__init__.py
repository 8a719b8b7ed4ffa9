"""In: a real Kafka and a real PostgreSQL. Out: faults on them and on worker processes, for the tests and the soak."""
