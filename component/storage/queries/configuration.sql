-- What operators configure.

-- name: channels()
-- Everything configured.
select * from channels order by channel;

-- name: routes()
-- Every route, oldest first.
select * from routes order by id;

-- name: tokens()
-- Every token.
select * from tokens order by name;

-- name: grants()
-- Every role that was given.
select jid, role from roles order by jid;

-- name: mutes()
-- Who is muted.
select * from mutes order by name, key;

-- name: add_channel(channel, title, settings, enabled)!
-- A channel that is not there yet.
insert into channels (channel, title, settings, enabled)
values (:channel, :title, :settings, :enabled)
on conflict do nothing;

-- name: change_channel(channel, title, settings, enabled, version)!
-- A channel as it was read at :version.
update channels
set title = :title, settings = :settings, enabled = :enabled, version = version + 1
where channel = :channel and version = :version;

-- name: drop_channel(channel, version)!
-- A channel as it was read at :version.
delete from channels where channel = :channel and version = :version;

-- name: add_route(source, destination, enabled, stages)!
-- A route that is not there yet; its stages are JSON.
insert into routes (source, destination, enabled, stages)
values (:source, :destination, :enabled, :stages)
on conflict do nothing;

-- name: change_route(id, source, destination, enabled, stages, version)!
-- A route as it was read at :version.
update or ignore routes
set
    source = :source, destination = :destination, enabled = :enabled, stages = :stages, version = version + 1
where id = :id and version = :version;

-- name: drop_route(id, version)!
-- A route as it was read at :version.
delete from routes where id = :id and version = :version;

-- name: add_token(name, digest, jid)!
-- A token that is not there yet.
insert into tokens (name, digest, jid) values (:name, :digest, :jid) on conflict do nothing;

-- name: drop_token(name)!
-- A token.
delete from tokens where name = :name;

-- name: put_grant(jid, role)!
-- Give a role.
insert into roles (jid, role) values (:jid, :role) on conflict (jid) do update set role = excluded.role;

-- name: drop_grant(jid)!
-- Take a role.
delete from roles where jid = :jid;

-- name: put_mute(key, name, until, reason)!
-- Mute someone, or for another time.
insert into mutes (key, name, until, reason) values (:key, :name, :until, :reason)
on conflict (key) do update set name = excluded.name, until = excluded.until, reason = excluded.reason;

-- name: drop_mute(key, until)!
-- A mute as it was read.
delete from mutes where key = :key and until = :until;

-- name: claim_seed()
-- Gives 1 the first time, and nothing ever after.
insert into metadata (name, value) values ('seeded', '1') on conflict do nothing returning 1;

-- name: add_channels(rows)!
-- :rows [[channel, title, settings, enabled]…].
insert into channels (channel, title, settings, enabled)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3
from json_each(:rows)
where true
on conflict do nothing;

-- name: add_routes(rows)!
-- :rows [[source, destination, enabled, stages]…].
insert into routes (source, destination, enabled, stages)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3
from json_each(:rows)
where true
order by key
on conflict do nothing;

-- name: add_tokens(rows)!
-- :rows [[name, digest, jid]…].
insert into tokens (name, digest, jid)
select value ->> 0, value ->> 1, value ->> 2
from json_each(:rows)
where true
on conflict do nothing;
