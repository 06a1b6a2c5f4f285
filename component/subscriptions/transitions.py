"""How a subscription stands once something happened to it: pure, so that it can be decided anew
where it was changed meanwhile. None is for one that it does not concern. All times are in ms.

`heard` is the seq up to which it was told what came to its channel at once.
"""

from dataclasses import fields, replace

from component.bus.model.subscription import Standing, Subscription


def edited(
    one: Subscription, was: Subscription, wanted: Subscription, now: int, heard: int
) -> Subscription:
    """Someone changed what differs between `was` and `wanted`; what waits for a digest that will
    not come any more is told at once."""
    names = [
        field.name
        for field in fields(Subscription)
        if getattr(was, field.name) != getattr(wanted, field.name)
    ]
    new = replace(one, **{name: getattr(wanted, name) for name in names})
    if new.standing is not Standing.ON:
        return new
    due = now if one.waits and new.interval.at_once else new.next(now)
    return replace(new, cursor=one.cursor if one.waits else heard, due=due)


def paused(one: Subscription, until: int, heard: int) -> Subscription | None:
    """Nothing is told until then; 0 for until it is wanted again."""
    if one.standing not in (Standing.ON, Standing.PAUSED):
        return None
    return one.held(heard, until, Standing.PAUSED)


def resumed(one: Subscription, now: int) -> Subscription | None:
    """It goes on, and what came meanwhile is told now."""
    return replace(one, due=now) if one.standing is Standing.PAUSED else None


def rezoned(one: Subscription, zone: str, language: str, now: int) -> Subscription:
    """It goes by other clocks: when it is due next by those. What was put off to the end of quiet
    hours is looked at now. Its language stays where "" is given."""
    new = replace(one, zone=zone, language=language or one.language)
    if not one.due or one.standing is not Standing.ON:
        return new
    return replace(new, due=new.next(now) if one.due == one.next(now) else now)


def looked_at(one: Subscription, now: int) -> Subscription | None:
    """What waits for another time than its schedule's is looked at now."""
    waits = one.standing is Standing.ON and one.due > now and one.due != one.next(now)
    return replace(one, due=now) if waits else None


def put_back(one: Subscription, after: int, due: int) -> Subscription | None:
    """What it was told of behind the seq `after` did not arrive: it waits, to be told at `due`, or
    when a digest or the end of a pause comes anyway."""
    if one.standing not in (Standing.ON, Standing.PAUSED):
        return None
    keeps = one.due > 0 or one.standing is Standing.PAUSED
    cursor = min(one.cursor, after) if one.waits else after
    return replace(one, cursor=cursor, due=one.due if keeps else due)
