"""A simulated cohort."""

from ._make_cohort import make_cohort

__all__ = ["make_cohort"]
