"""What the service remembers: documents and their rounds, runs, decisions, jobs, keys, the audit trail."""
