"""Tests of the commands, a file per group."""
