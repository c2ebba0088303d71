"""What a host answers, as JSON Schema, generated from the server's own types: panels check requests against it, tests check panels."""
