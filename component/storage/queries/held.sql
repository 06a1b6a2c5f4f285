-- What processors hold back, and what they keep.

-- name: add_held(rows, ids)!
-- :rows [[message_id, body, route, stage, passed, been, since, due, batch]…]; passed and been are JSON themselves.
insert into held (message_id, body, route, stage, passed, been, since, due, batch)
select
    substr(:ids, value ->> 0, 16), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
    value ->> 7, value ->> 8
from json_each(:rows)
where true
order by key;

-- name: drop_held(ids)
-- Those of :ids [id…] that are still held; gives their ids.
delete from held where id in (select value from json_each(:ids)) returning id;

-- name: been(places, ids)
-- Every channel that each of the messages :places [id…] was brought to, or waits for; itself, or as a part of an
-- aggregate.
with recursive contained (id, holder) as (
    select substr(:ids, value, 16), substr(:ids, value, 16) from json_each(:places)
    union
    select contained.id, aggregate_parts.aggregate_id
    from contained
    join aggregate_parts on aggregate_parts.message_id = contained.holder
)

select contained.id, deliveries.channel
from contained
join deliveries on deliveries.message_id = contained.holder
union
select contained.id, routes.destination
from contained
join held on held.message_id = contained.holder
join routes on routes.id = held.route;

-- name: aggregate_parts(places, ids)
-- What each of the aggregates :places [id…] holds.
select aggregate_id, message_id from aggregate_parts
where aggregate_id in (select substr(:ids, value, 16) from json_each(:places));

-- name: add_aggregate_parts(rows, ids)!
-- :rows [[aggregate_id, message_id]…].
insert into aggregate_parts (aggregate_id, message_id)
select substr(:ids, value ->> 0, 16), substr(:ids, value ->> 1, 16)
from json_each(:rows)
where true
on conflict do nothing;

-- name: due(now, count)
-- What is held at enabled routes and due, in the order it came due.
select waiting.*
from waiting
join routes on routes.id = waiting.route and routes.enabled
where waiting.due <= :now
order by waiting.due, waiting.number
limit :count;

-- name: batches(ids)
-- All of the batches :ids [batch…], in the order they came.
select * from waiting where batch in (select value from json_each(:ids)) order by number;

-- name: next_due()
-- When the next is due at an enabled route; no row where nothing is held.
select held.due
from held
join routes on routes.id = held.route and routes.enabled
order by held.due
limit 1;

-- name: held_counts()
-- How many messages each stage holds.
select route, stage, count(*) as depth from held group by route, stage;

-- name: held_first(count, route)
-- The first :count to go on, of route :route where it is not null.
select * from waiting where route = coalesce(:route, route) order by due, number limit :count;

-- name: held_of(id)
-- Where message :id waits.
select * from waiting where id = :id order by number;

-- name: bury_held(route, destination, error)!
-- What :route holds becomes dead letters of :destination.
insert into deliveries (message_id, channel, state, changed, error, body)
select message_id, :destination, 'dead', since, :error, body
from held
where route = :route
order by id;

-- name: forget_held(route)!
-- Nothing is held at :route any more.
delete from held where route = :route;

-- name: drop_held_of(id)!
-- Message :id is held nowhere any more.
delete from held where message_id = :id;

-- name: hasten_held(route, stages)!
-- What is held at :stages [stage…] of :route is due.
update held set due = since where route = :route and stage in (select value from json_each(:stages));

-- name: outlive_stages(route, stages)!
-- What is held at :route has passed none of :stages [stage…] any more, which are gone: others may get their ids.
update held
set
    stage = case when stage in (select value from json_each(:stages)) then -stage else stage end,
    passed = (
        select json_group_array(case when value in (select value from json_each(:stages)) then -value else value end)
        from (select value from json_each(held.passed) order by key)
    )
where route = :route;

-- name: stages_of(id)
-- The stages of route :id.
select stages from routes where id = :id;

-- name: put_processor_state(rows)!
-- :rows [[route, stage, key, value]…], in this order, of keys that are not there.
insert into processor_state (route, stage, key, value)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3
from json_each(:rows)
where true
order by key;

-- name: drop_processor_state(rows)!
-- :rows [[route, stage, key]…].
delete from processor_state
where (route, stage, key) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(:rows));

-- name: processor_state()
-- What every stage keeps, oldest first.
select route, stage, key, value from processor_state order by number;

-- name: forget_processor_state(route, stages)!
-- What :stages [stage…] of :route keep.
delete from processor_state where route = :route and stage in (select value from json_each(:stages));
