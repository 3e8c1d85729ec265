"""Two kinds of model live here, and neither runs.

`models.records` holds the typed shapes that every other package passes around; `models.artifacts` holds trained
weights. Only the standard library is imported.
"""
