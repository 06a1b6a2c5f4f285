"""Tests: `unit` decides purely, `contract` holds every implementation to one suite, the others use
real servers."""
