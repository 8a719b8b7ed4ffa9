"""In: Kafka. Out: raw records with their coordinates, and acknowledged sends.

Only this package imports kafka-python.
"""
