"""Commands for routes and their processors."""
