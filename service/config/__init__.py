"""Settings as operators see them: one list of all, and one mapping of what was given by file and environment."""
