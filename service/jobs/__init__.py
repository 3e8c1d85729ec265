"""Batches: the queue in the store, the workers, the stream of progress, and the signed messages at the end."""
