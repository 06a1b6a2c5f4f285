"""The process that parses feeds, and the pool that may kill it."""
