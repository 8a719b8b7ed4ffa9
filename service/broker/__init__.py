"""In: Kafka. Out: raw records with their coordinates, and acknowledged sends; only this package imports kafka-python."""
