-- What sources keep between runs.

-- name: memory(channel)
-- What a source keeps about :channel.
select state from memories where channel = :channel;

-- name: put_memory(channel, state)!
-- Keep it.
insert into memories (channel, state) values (:channel, :state)
on conflict (channel) do update set state = excluded.state;

-- name: drop_memory(channel)!
-- Forget it.
delete from memories where channel = :channel;

-- name: mark(channel)
-- How far :channel was read.
select * from marks where channel = :channel;

-- name: set_marks(rows)!
-- :rows [[channel, stanza_id, at]…].
insert into marks (channel, stanza_id, at)
select value ->> 0, value ->> 1, value ->> 2
from json_each(:rows)
where true
on conflict (channel) do update set stanza_id = excluded.stanza_id, at = excluded.at;

-- name: drop_mark(channel)!
-- Forget how far :channel was read.
delete from marks where channel = :channel;
