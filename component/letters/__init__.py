"""How what people subscribed to reads: digests, messages and requests to confirm, as mail, in chat and as SMS.

`reading.py` reads from the store what a digest tells, `digest.py` arranges it (pure), `templates/` says how it looks,
and `writer.py` puts it together (`ports.Letters`). Operators may put templates of their own in the place of these.
"""
