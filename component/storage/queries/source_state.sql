-- What sources keep between runs.

-- name: source_state(channel)
-- What a source keeps about :channel.
select state from source_state where channel = :channel;

-- name: put_source_state(channel, state)!
-- Keep it.
insert into source_state (channel, state) values (:channel, :state)
on conflict (channel) do update set state = excluded.state;

-- name: drop_source_state(channel)!
-- Forget it.
delete from source_state where channel = :channel;

-- name: archive_position(channel)
-- How far :channel was read.
select * from archive_positions where channel = :channel;

-- name: set_archive_positions(rows)!
-- :rows [[channel, stanza_id, at]…].
insert into archive_positions (channel, stanza_id, at)
select value ->> 0, value ->> 1, value ->> 2
from json_each(:rows)
where true
on conflict (channel) do update set stanza_id = excluded.stanza_id, at = excluded.at;

-- name: drop_archive_position(channel)!
-- Forget how far :channel was read.
delete from archive_positions where channel = :channel;
