"""The web side: a page per shoutbox, the JSON API, live streams, health. The only package that
serves HTTP."""
