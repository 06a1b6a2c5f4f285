-- Messages, and what was planned for them.

-- name: add_messages(rows)
-- Those of :rows [[id, origin, channel, author_name, author_key, body, at, corrects, replies, thread]…] that are new;
-- gives their ids.
insert into messages (id, origin, channel, author_name, author_key, body, at, corrects, replies, thread)
select
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9
from json_each(:rows)
where true
order by key
on conflict do nothing
returning id;

-- name: known_messages(rows)
-- Messages whose id or origin is in :rows [[id, origin]…], accepted before; `deleted` is 1 where they were.
select
    messages.*,
    row.key as place,
    exists (select 1 from deletions where message_id = messages.id) as deleted
from json_each(:rows) as row
join messages on messages.id = row.value ->> 0 or messages.origin = row.value ->> 1;

-- name: add_stops(rows)!
-- :rows [[message_id, route, processor, destination, why]…].
insert into stops (message_id, route, processor, destination, why)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
from json_each(:rows)
where true
order by key;

-- name: stops(id)
-- Where message :id was stopped.
select
    stops.route,
    stops.processor,
    stops.destination,
    stops.why,
    messages.id,
    messages.origin,
    messages.channel,
    messages.author_name,
    messages.author_key,
    messages.body,
    messages.at,
    messages.corrects,
    messages.replies,
    messages.thread
from stops
join messages on messages.id = stops.message_id
where stops.message_id = :id
order by stops.id;

-- name: brought(origin)
-- The message that came from :origin, with each channel it was or will be brought to.
select messages.*, deliveries.channel as destination
from messages
join deliveries on deliveries.message_id = messages.id and deliveries.state in ('done', 'pending')
where messages.origin = :origin and messages.id not in (select message_id from deletions);

-- name: came(id, channels)
-- Which of :channels [channel…] the message :id was brought to, or is on its way to.
select distinct channel from deliveries
where message_id = :id and channel in (select value from json_each(:channels));

-- name: thread_of(id)
-- The message that began the thread in which :id stands.
select case when thread = '' then id else thread end as thread from messages where id = :id;

-- name: starting(start, count)
-- Ids of messages that begin with :start, which holds hexadecimal digits only.
select id from messages where id >= :start and id < :start || 'g' order by id limit :count;

-- name: search(channel, pattern, count)
-- What :channel holds that is like :pattern, newest first.
select * from sent
where destination = :channel and (body like :pattern escape '\' or author_name like :pattern escape '\')
order by seq desc
limit :count;

-- name: trace(id)
-- Every delivery of message :id, its own channel's first.
select *
from sent
where id = :id
order by seq;

-- name: add_deletion(id, at, who)!
-- Note who deleted message :id; no row where someone did before.
insert into deletions (message_id, at, who) values (:id, :at, :who) on conflict do nothing;

-- name: replace_body(id, body)!
-- Other words in the place of a message's.
update messages set body = :body where id = :id;

-- name: forget_bodies(id)!
-- Nor do they stand as processors changed them.
update deliveries set body = null where message_id = :id and body is not null;

-- name: drop_undelivered(id, changed)!
-- What has not arrived of message :id.
update deliveries set state = 'dropped', changed = :changed
where message_id = :id and state in ('pending', 'dead');

-- name: deletion(id)
-- Who deleted message :id, and when.
select at, who from deletions where message_id = :id;

-- name: bodies(ids)
-- What the messages :ids [id…] said as they came.
select id, body from messages where id in (select value from json_each(:ids));
