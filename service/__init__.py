"""deskroute: tickets flow in from Kafka, JSONL or HTTP; results, fields and routing events flow out.

Read the modules in the order a ticket travels: `sources` → `decode` → `normalize` → `batching` → `inference` → `fields`
→ `routing` → `store` → `publish`. Importing this package opens nothing, reads no environment and configures no logging.
"""

from importlib.metadata import version

__version__ = version("deskroute")
