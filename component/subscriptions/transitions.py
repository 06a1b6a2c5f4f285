"""What becomes of a subscription when something happens to it: pure, so that it can be decided
again where the subscription was changed meanwhile. None means that it does not concern this one.
All times are in ms.

`heard` is the seq up to which its owner was notified immediately of what came to its channel.
"""

from dataclasses import fields, replace

from component.bus.model.subscription import Standing, Subscription

RUNNING = (Standing.ON, Standing.PAUSED)


def edited(
    one: Subscription, was: Subscription, wanted: Subscription, now: int, heard: int
) -> Subscription:
    """Someone changed what differs between `was` and `wanted`. What waits for a digest that will
    not come any more is due now."""
    changes = {}
    for field in fields(Subscription):
        value = getattr(wanted, field.name)
        if getattr(was, field.name) != value:
            changes[field.name] = value
    new = replace(one, **changes)
    if new.standing is not Standing.ON:
        return new
    if not one.waits:
        return replace(new, cursor=heard, due=new.next(now))
    if new.interval.at_once:
        return replace(new, cursor=one.cursor, due=now)
    return replace(new, cursor=one.cursor, due=new.next(now))


def paused(one: Subscription, until: int, heard: int) -> Subscription | None:
    """Nothing is sent until a time; 0 for until its owner resumes it."""
    if one.standing not in RUNNING:
        return None
    return one.held(heard, until, Standing.PAUSED)


def resumed(one: Subscription, now: int) -> Subscription | None:
    """A pause is over, and what came meanwhile is due now."""
    if one.standing is not Standing.PAUSED:
        return None
    return replace(one, due=now)


def rezoned(one: Subscription, zone: str, language: str, now: int) -> Subscription:
    """Its schedule follows other clocks. What was put off to the end of quiet hours is looked at
    now. Its language does not change where "" is given."""
    new = replace(one, zone=zone, language=language or one.language)
    if not one.due or one.standing is not Standing.ON:
        return new
    if one.due == one.next(now):
        return replace(new, due=new.next(now))
    return replace(new, due=now)


def looked_at(one: Subscription, now: int) -> Subscription | None:
    """What waits for another time than its schedule's is looked at now."""
    if one.standing is not Standing.ON or one.due <= now or one.due == one.next(now):
        return None
    return replace(one, due=now)


def put_back(one: Subscription, after: int, due: int) -> Subscription | None:
    """What it was sent of behind the seq `after` did not arrive: it waits until `due`, or until a
    digest or the end of a pause comes anyway."""
    if one.standing not in RUNNING:
        return None
    cursor = after
    if one.waits:
        cursor = min(one.cursor, after)
    if one.due > 0 or one.standing is Standing.PAUSED:
        due = one.due
    return replace(one, cursor=cursor, due=due)
