"""Text and files <-> documents: YAML with places in every error, wires, paths, schemas, migration."""
