"""What is wrong with a table, and how it could be said better."""
