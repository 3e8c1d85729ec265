"""Building, comparing and grading the classifier. Only `biaochi train` and `biaochi evaluate` import this."""
