"""The budget system's side: its field names and codes in, results by its reviewers' columns out."""
