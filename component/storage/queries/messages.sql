-- Messages, and what was planned for them.
--
-- JSON holds no bytes: where rows name messages, :ids is one blob of their ids, and each row has the place of an id in
-- it, counted from 1; null stands for none.

-- name: add_messages(rows, ids)
-- Those of :rows [[id, origin, kind, channel, author_name, author_key, author_kind, body, at, corrects, replies,
-- thread]…] that are new; gives their ids.
insert into messages (
    id, origin, kind, channel, author_name, author_key, author_kind, body, at, corrects, replies, thread
)
select
    substr(:ids, value ->> 0, 16), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
    value ->> 7, value ->> 8, substr(:ids, value ->> 9, 16), substr(:ids, value ->> 10, 16),
    substr(:ids, value ->> 11, 16)
from json_each(:rows)
where true
order by key
on conflict do nothing
returning id;

-- name: known_messages(rows, ids)
-- Messages whose id or origin is in :rows [[id, origin]…], accepted before; `deleted` is 1 where they were.
select
    messages.*,
    offer.key as place,
    exists (select 1 from deletions where message_id = messages.id) as deleted
from json_each(:rows) as offer
join messages on messages.id = substr(:ids, offer.value ->> 0, 16)
union all
select
    messages.*,
    offer.key as place,
    exists (select 1 from deletions where message_id = messages.id) as deleted
from json_each(:rows) as offer
join messages on messages.origin = offer.value ->> 1;

-- name: add_rejections(rows, ids)!
-- :rows [[message_id, route, processor, destination, reason]…].
insert into rejections (message_id, route, processor, destination, reason)
select substr(:ids, value ->> 0, 16), value ->> 1, value ->> 2, value ->> 3, value ->> 4
from json_each(:rows)
where true
order by key;

-- name: rejections(id)
-- Where processors rejected message :id.
select
    rejections.route,
    rejections.processor,
    rejections.destination,
    rejections.reason,
    messages.*
from rejections
join messages on messages.id = rejections.message_id
where rejections.message_id = :id
order by rejections.id;

-- name: id_from_origin(origin, id)
-- The id of the message that came from :origin, or has nothing but its id :id.
select id from messages where origin = :origin
union all
select id from messages where id = :id and origin is null and channel || '#' || lower(hex(id)) = :origin;

-- name: reached(id, channels)
-- Which of :channels [channel…] the message :id was delivered to, or is on its way to.
select distinct channel from deliveries
where message_id = :id and channel in (select value from json_each(:channels));

-- name: thread_of(id)
-- The message that began the thread of message :id.
select coalesce(thread, id) as thread from messages where id = :id;

-- name: ids_between(first, last, count)
-- Ids of messages from :first to :last.
select id from messages where id between :first and :last order by id limit :count;

-- name: search(channel, pattern, count)
-- What :channel holds that is like :pattern, newest first.
select * from sent
where
    destination = :channel
    and corrects is null
    and (body like :pattern escape '\' or author_name like :pattern escape '\')
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
-- Other words in the place of a message's, and of what corrected it.
update messages set body = :body
where id in (select :id union all select id from messages where corrects = :id);

-- name: forget_bodies(id)!
-- Forget how processors changed message :id, and what corrected it.
update deliveries set body = null
where body is not null and message_id in (select :id union all select id from messages where corrects = :id);

-- name: drop_undelivered(id, changed)!
-- Drop what was not delivered of message :id, and of what corrected it.
update deliveries set state = 'dropped', changed = :changed
where
    state in ('pending', 'dead')
    and message_id in (select :id union all select id from messages where corrects = :id and kind <> 'retraction');

-- name: deletion(id)
-- Who deleted message :id, and when.
select at, who from deletions where message_id = :id;

-- name: bodies(places, ids)
-- The bodies of the messages :places [id…] as they came.
select id, body from messages where id in (select substr(:ids, value, 16) from json_each(:places));
