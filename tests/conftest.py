"""Hypothesis profiles: a quick one, and `HYPOTHESIS_PROFILE=thorough` for a long search."""

import os

from hypothesis import HealthCheck, settings

# Drawing a whole schedule takes long on a busy machine; that says nothing about the code.
_PATIENT = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("quick", deadline=None, max_examples=25, suppress_health_check=_PATIENT)
settings.register_profile(
    "thorough", deadline=None, max_examples=1_000, suppress_health_check=_PATIENT
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
