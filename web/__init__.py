"""The web side: pages, the JSON API, live streams, health. The only package that serves HTTP."""
