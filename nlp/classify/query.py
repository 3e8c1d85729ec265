"""What the classifier is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """One indicator as filed. Only `name` is needed."""

    name: str
    description: str = ""
    value: str = ""
    unit: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a name measures. Shares are probabilities that a careful reader accepts the class; they may sum to over 1."""

    categories: tuple[str, ...]
    """Meanings of the classes of the pack."""
    shares: tuple[float, ...]
    """Calibrated probability (0–1) of each of them."""
    best: int
    """Place of the most likely class."""
    abstain: bool
    """The model does not know: no rule may build on it alone."""
    management: float
    """Probability that the name is management or input, not performance."""
    vague: float
    """Probability that nothing in the name can be measured."""

    @property
    def category(self) -> str:
        """The most likely class, also where the model abstains."""
        return self.categories[self.best]

    @property
    def confidence(self) -> float:
        """Calibrated probability of the most likely class."""
        return self.shares[self.best]

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """(category, probability), the most likely first."""
        places = sorted(range(len(self.shares)), key=lambda i: (i != self.best, -self.shares[i]))
        return tuple((self.categories[i], self.shares[i]) for i in places)

    def probability(self, category: str) -> float:
        """Return the probability that the class is acceptable, 0 for a class that the pack lacks."""
        return self.shares[self.categories.index(category)] if category in self.categories else 0.0
