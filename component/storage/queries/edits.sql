-- Corrections and retractions by authors.

-- name: original(id)
-- Message :id, or the one that it corrects; `deleted` is 1 where that was.
select
    messages.*,
    exists (select 1 from deletions where message_id = messages.id) as deleted
from messages
where id = coalesce((select corrects from messages where id = :id), :id);

-- name: add_edit(id, at)!
-- Keep the words of message :id, which a correction is about to replace.
insert into edits (message_id, at, before)
select id, :at, body from messages where id = :id;

-- name: earlier_words(id)
-- The words that message :id had, oldest first, with the time that each was replaced.
select at, before from edits where message_id = :id order by number;

-- name: edit_body(id, body, at)!
-- Other words of its author in the place of a message's.
update messages set body = :body, edited = :at where id = :id;

-- name: edit_deliveries(rows)!
-- :rows [[seq, body, before]…]: the words that deliveries have now; null for those of their message. A story that an
-- operator gave other words than :before keeps them.
update deliveries
set body = edit.value ->> 1
from json_each(:rows) as edit
where
    deliveries.seq = edit.value ->> 0
    and not exists (
        select 1 from stories
        where stories.seq = deliveries.seq and coalesce(deliveries.body, '') <> edit.value ->> 2
    );

-- name: end_deliveries(rows)!
-- :rows [[seq, body, changed]…]: nothing is left of a message there. A story is not published any more.
update deliveries
set
    body = ended.value ->> 1,
    changed = case when deliveries.state in ('pending', 'dead') then ended.value ->> 2 else deliveries.changed end,
    state = case when deliveries.state in ('pending', 'dead') then 'dropped' else deliveries.state end
from json_each(:rows) as ended
where deliveries.seq = ended.value ->> 0;

-- name: hide_stories(rows)!
-- :rows [[seq, changed]…].
insert into stories (seq, published, changed, version)
select value ->> 0, 0, value ->> 1, 1
from json_each(:rows)
where true
on conflict (seq) do update
set published = 0, changed = excluded.changed, version = stories.version + 1;

-- name: edit_held(rows)!
-- :rows [[id, body]…]: the words that held messages have now.
update held set body = edit.value ->> 1 from json_each(:rows) as edit where held.id = edit.value ->> 0;

-- name: held_words(ids)
-- The words that the held messages :ids [id…] have now.
select number, body, edited from waiting where number in (select value from json_each(:ids));

-- name: forget_edits(id)!
-- Forget the earlier words of message :id.
delete from edits where message_id = :id;

-- name: corrections_of(id)
-- Every delivery of what corrected message :id.
select * from sent
where id in (select id from messages where corrects = :id and kind <> 'retraction')
order by seq;

-- name: brought_to(channel, id)
-- What :channel was brought of message :id: itself, and what corrected it.
select * from sent
where
    destination = :channel
    and id in (
        select id from messages where id = :id
        union all
        select id from messages where corrects = :id
    )
    and kind <> 'retraction'
    and (state = 'delivered' or (state = 'dropped' and error = ''))
order by seq;
