"""What an indicator measures, with a calibrated probability: the class model behind one small interface."""

from nlp.classify.artifact import ID, load
from nlp.classify.exemplars import Exemplar, nearest
from nlp.classify.explain import cues
from nlp.classify.predict import classify, classify_many
from nlp.classify.query import Prediction, Query
from nlp.scheme import CATEGORIES

__all__ = [
    "CATEGORIES",
    "ID",
    "Exemplar",
    "Prediction",
    "Query",
    "classify",
    "classify_many",
    "cues",
    "load",
    "nearest",
]
