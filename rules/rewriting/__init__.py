"""What could be written instead: shared parts of the rules' cures. Each module builds drafts; none judges."""
