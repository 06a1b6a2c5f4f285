-- Every query of the bus, by name. What takes many rows takes them as one JSON array, so that a
-- group of messages costs one statement however many there are.

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

-- name: add_deliveries(rows)
-- :rows [[message_id, channel, state, changed, error, body]…] in this order; gives each one's seq.
insert into deliveries (message_id, channel, state, changed, error, body)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
from json_each(:rows)
where true
order by key
returning seq;

-- name: set_outcomes(rows)!
-- :rows [[seq, state, attempts, error, changed]…]. Of what was dropped meanwhile, only that it arrived after all.
update deliveries
set
    state = row.value ->> 1,
    attempts = row.value ->> 2,
    error = row.value ->> 3,
    changed = row.value ->> 4
from json_each(:rows) as row
where deliveries.seq = row.value ->> 0 and (deliveries.state <> 'dropped' or row.value ->> 1 = 'done');

-- name: set_marks(rows)!
-- :rows [[channel, stanza_id, at]…].
insert into marks (channel, stanza_id, at)
select value ->> 0, value ->> 1, value ->> 2
from json_each(:rows)
where true
on conflict (channel) do update set stanza_id = excluded.stanza_id, at = excluded.at;

-- name: known_messages(rows)
-- Messages whose id or origin is in :rows [[id, origin]…], accepted before; `deleted` is 1 where they were.
select
    messages.*,
    row.key as place,
    exists (select 1 from deletions where message_id = messages.id) as deleted
from json_each(:rows) as row
join messages on messages.id = row.value ->> 0 or messages.origin = row.value ->> 1;

-- name: add_held(rows)!
-- :rows [[message_id, body, route, stage, passed, been, since, due, batch]…]; passed and been are JSON themselves.
insert into held (message_id, body, route, stage, passed, been, since, due, batch)
select
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
from json_each(:rows)
where true
order by key;

-- name: add_stops(rows)!
-- :rows [[message_id, route, processor, destination, why]…].
insert into stops (message_id, route, processor, destination, why)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
from json_each(:rows)
where true
order by key;

-- name: put_notes(rows)!
-- :rows [[route, stage, key, value]…], in this order; each becomes its stage's newest.
insert or replace into notes (route, stage, key, value)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3
from json_each(:rows)
where true
order by key;

-- name: drop_notes(rows)!
-- :rows [[route, stage, key]…].
delete from notes
where (route, stage, key) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(:rows));

-- name: notes()
-- What every stage noted, oldest first.
select route, stage, key, value from notes order by number;

-- name: drop_held(ids)
-- Those of :ids [id…] that are still held; gives their ids.
delete from held where id in (select value from json_each(:ids)) returning id;

-- name: brought(origin)
-- The message that came from :origin, with each channel it was or will be brought to.
select messages.*, deliveries.channel as destination
from messages
join deliveries on deliveries.message_id = messages.id and deliveries.state in ('done', 'pending')
where messages.origin = :origin and messages.id not in (select message_id from deletions);

-- name: bodies(ids)
-- What the messages :ids [id…] said as they came.
select id, body from messages where id in (select value from json_each(:ids));

-- name: been(ids)
-- Every channel that each of the messages :ids [id…] was brought to, or waits for; itself, or as a part of a digest.
with recursive told (id, holder) as (
    select value, value from json_each(:ids)
    union
    select told.id, parts.digest_id from told join parts on parts.message_id = told.holder
)

select told.id, deliveries.channel
from told
join deliveries on deliveries.message_id = told.holder
union
select told.id, routes.destination
from told
join held on held.message_id = told.holder
join routes on routes.id = held.route;

-- name: parts(ids)
-- What each of the digests :ids [id…] tells.
select digest_id, message_id from parts where digest_id in (select value from json_each(:ids));

-- name: add_parts(rows)!
-- :rows [[digest_id, message_id]…].
insert into parts (digest_id, message_id)
select value ->> 0, value ->> 1
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

-- name: held(id)
-- Where message :id waits.
select * from waiting where id = :id order by number;

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

-- name: forget_notes(route, stages)!
-- The notes of :stages [stage…] of :route.
delete from notes where route = :route and stage in (select value from json_each(:stages));

-- name: pending(channel, seq, count)
-- The first :count pending deliveries of :channel after :seq.
select *
from sent
where destination = :channel and state = 'pending' and seq > :seq
order by seq
limit :count;

-- name: backlog()
-- How many deliveries are pending, by channel.
select channel, count(*) as depth
from deliveries
where state = 'pending'
group by channel;

-- name: log_after(channel, seq, count)
-- What :channel holds after :seq, oldest first.
select *
from sent
where destination = :channel and seq > :seq
order by seq
limit :count;

-- name: log_before(channel, seq, count)
-- What :channel holds before :seq, newest first.
select *
from sent
where destination = :channel and seq < :seq
order by seq desc
limit :count;

-- name: last_seq(channel)
-- The newest seq of :channel.
select coalesce(max(seq), 0) as seq from deliveries where channel = :channel;

-- name: trace(id)
-- Every delivery of message :id, its own channel's first.
select *
from sent
where id = :id
order by seq;

-- name: mark(channel)
-- How far :channel was read.
select * from marks where channel = :channel;

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

-- name: drop_mark(channel)!
-- Forget how far :channel was read.
delete from marks where channel = :channel;

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

-- name: add_audit(at, who, way, what, before, after)!
-- A line of the audit log.
insert into audit (at, who, way, what, before, after) values (:at, :who, :way, :what, :before, :after);

-- name: audit(number, count)
-- The newest :count lines before :number.
select * from audit where id < :number order by id desc limit :count;

-- name: dead(count)
-- The newest dead letters.
select * from sent where state = 'dead' order by seq desc limit :count;

-- name: dead_of(channel, count)
-- The newest dead letters of :channel.
select * from sent where destination = :channel and state = 'dead' order by seq desc limit :count;

-- name: dead_letter(seq)
-- The dead letter :seq.
select * from sent where seq = :seq and state = 'dead';

-- name: graves()
-- How many dead letters there are, by channel.
select channel, count(*) as depth from deliveries where state = 'dead' group by channel;

-- name: decide(seq, state, attempts, error, changed)!
-- What becomes of the dead letter :seq.
update deliveries
set state = :state, attempts = :attempts, error = :error, changed = :changed
where seq = :seq and state = 'dead';

-- name: mutes()
-- Who is muted.
select * from mutes order by name, key;

-- name: put_mute(key, name, until, reason)!
-- Mute someone, or for another time.
insert into mutes (key, name, until, reason) values (:key, :name, :until, :reason)
on conflict (key) do update set name = excluded.name, until = excluded.until, reason = excluded.reason;

-- name: drop_mute(key, until)!
-- A mute as it was read.
delete from mutes where key = :key and until = :until;

-- name: preferences()
-- What everyone chose.
select * from preferences;

-- name: put_preference(jid, language, confirm, zone, quiet)!
-- What a person chose.
insert into preferences (jid, language, confirm, zone, quiet) values (:jid, :language, :confirm, :zone, :quiet)
on conflict (jid) do update
set language = excluded.language, confirm = excluded.confirm, zone = excluded.zone, quiet = excluded.quiet;

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

-- name: starting(start, count)
-- Ids of messages that begin with :start, which holds hexadecimal digits only.
select id from messages where id >= :start and id < :start || 'g' order by id limit :count;

-- name: search(channel, pattern, count)
-- What :channel holds that is like :pattern, newest first.
select * from sent
where destination = :channel and (body like :pattern escape '\' or author_name like :pattern escape '\')
order by seq desc
limit :count;

-- name: stories(channel, seq, count)
-- What may be read in the archive :channel before :seq, newest first.
select * from archived
where destination = :channel and seq < :seq and published and not deleted
order by seq desc
limit :count;

-- name: all_stories(channel, seq, count)
-- Everything in the archive :channel before :seq, newest first.
select * from archived where destination = :channel and seq < :seq order by seq desc limit :count;

-- name: story(seq)
-- The story :seq.
select * from archived where seq = :seq;

-- name: story_of(channel, id)
-- What message :id is in the archive :channel; not by the index of the channel, which holds many.
select * from archived where id = :id and destination || '' = :channel;

-- name: put_story(seq, published, changed, version)!
-- How a story stands that was read at :version; no row where it was changed or deleted since.
insert into stories (seq, published, changed, version)
select seq, :published, :changed, version + 1
from archived
where seq = :seq and version = :version and not deleted
on conflict (seq) do update
set published = excluded.published, changed = excluded.changed, version = excluded.version;

-- name: put_body(seq, body)!
-- What the delivery :seq says; null for what its message does.
update deliveries set body = :body where seq = :seq;

-- name: contacts()
-- Every presence subscription.
select ours, theirs from contacts;

-- name: add_contact(ours, theirs)!
-- Keep a presence subscription.
insert into contacts (ours, theirs) values (:ours, :theirs) on conflict do nothing;

-- name: remove_contact(ours, theirs)!
-- Forget a presence subscription.
delete from contacts where ours = :ours and theirs = :theirs;

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

-- name: add_reminder(who, name, channel, body, due, schedule, zone, language, most)
-- Keep a reminder and give its number; no row where :who has :most already.
insert into reminders (who, name, channel, body, due, schedule, zone, language)
select :who, :name, :channel, :body, :due, :schedule, :zone, :language
where (select count(*) from reminders where who = :who) < :most
returning id;

-- name: reminder(id)
-- The reminder of a number.
select * from reminders where id = :id;

-- name: reminders(count)
-- The next :count of all reminders.
select * from reminders order by due, id limit :count;

-- name: reminders_of(who, count)
-- The next :count that :who asked for.
select * from reminders where who = :who order by due, id limit :count;

-- name: due_reminders(now, count)
-- The first :count whose time has come.
select * from reminders where due <= :now order by due, id limit :count;

-- name: next_reminder()
-- When the next is due.
select due from reminders order by due limit 1;

-- name: drop_reminder(id)
-- Forget a reminder; gives its number where it was there.
delete from reminders where id = :id returning id;

-- name: end_reminders(rows)!
-- Of :rows (a JSON list of [id, due]), forget those that are still due then.
delete from reminders
where (id, due) in (select value ->> 0, value ->> 1 from json_each(:rows));

-- name: put_off_reminders(rows)!
-- Of :rows (a JSON list of [id, due, next]), those that are still due then come at their next time.
update reminders set due = told.next
from (select value ->> 0 as id, value ->> 1 as due, value ->> 2 as next from json_each(:rows)) as told
where reminders.id = told.id and reminders.due = told.due;

-- name: claim_seed()
-- Gives 1 the first time, and nothing ever after.
insert into facts (name, value) values ('seeded', '1') on conflict do nothing returning 1;

-- name: keep_secret(value)!
-- The first one given is kept.
insert into facts (name, value) values ('secret', :value) on conflict do nothing;

-- name: secret()
-- What was kept.
select value from facts where name = 'secret';

-- name: probe()!
-- Something to write.
insert into facts (name, value) values ('probed', '1')
on conflict (name) do update set value = 1 - value;

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

-- name: thread_of(id)
-- The message that began the thread in which :id stands.
select case when thread = '' then id else thread end as thread from messages where id = :id;

-- name: subscription_there(owner, channel, target)
-- Whether :owner has one there.
select 1 from subscriptions where owner = :owner and channel = :channel and target = :target;

-- name: add_subscription(row, most)
-- Keep :row, a JSON object of columns, and give its number; no row where its owner has :most already.
insert into subscriptions (
    owner, who, channel, target, every, schedule, cron, zone, language, wanted, unwanted, thread, own, online, name,
    fallback, standing, due, cursor, live, urgent
)
select
    value ->> 'owner', value ->> 'who', value ->> 'channel', value ->> 'target', value ->> 'every',
    value ->> 'schedule', value ->> 'cron', value ->> 'zone', value ->> 'language', value ->> 'wanted',
    value ->> 'unwanted', value ->> 'thread', value ->> 'own', value ->> 'online', value ->> 'name',
    value ->> 'fallback', value ->> 'standing', value ->> 'due', value ->> 'cursor', value ->> 'live',
    value ->> 'urgent'
from (select :row as value)
where (select count(*) from subscriptions where owner = :row ->> 'owner') < :most
returning id;

-- name: set_subscriptions(rows)!
-- Each of :rows [{column: value…}…] is so from now; what is gone stays gone.
update subscriptions
set
    owner = row.value ->> 'owner',
    who = row.value ->> 'who',
    channel = row.value ->> 'channel',
    target = row.value ->> 'target',
    every = row.value ->> 'every',
    schedule = row.value ->> 'schedule',
    cron = row.value ->> 'cron',
    zone = row.value ->> 'zone',
    language = row.value ->> 'language',
    wanted = row.value ->> 'wanted',
    unwanted = row.value ->> 'unwanted',
    thread = row.value ->> 'thread',
    own = row.value ->> 'own',
    online = row.value ->> 'online',
    name = row.value ->> 'name',
    fallback = row.value ->> 'fallback',
    standing = row.value ->> 'standing',
    due = row.value ->> 'due',
    cursor = row.value ->> 'cursor',
    live = row.value ->> 'live',
    urgent = row.value ->> 'urgent'
from json_each(:rows) as row
where subscriptions.id = row.value ->> 'id';

-- name: move_subscriptions(rows)!
-- Each of :rows [[id, standing, due, cursor, live, urgent]…] stands so from now.
update subscriptions
set
    standing = row.value ->> 1,
    due = row.value ->> 2,
    cursor = row.value ->> 3,
    live = row.value ->> 4,
    urgent = row.value ->> 5
from json_each(:rows) as row
where subscriptions.id = row.value ->> 0;

-- name: subscriptions_by_id(ids)
-- Those of :ids [id…] that are there.
select * from subscriptions where id in (select value from json_each(:ids)) order by id;

-- name: all_subscriptions(after, count)
-- The first :count after :after.
select * from subscriptions where id > :after order by id limit :count;

-- name: subscriptions_by(who, target, channel, after, count)
-- The first :count of :who after :after; for :target and at :channel, where these are not null.
select * from subscriptions
where
    who = :who
    and id > :after
    and target = coalesce(:target, target)
    and channel = coalesce(:channel, channel)
order by id
limit :count;

-- name: subscriptions_for(target, channel, after, count)
-- The first :count for :target after :after; at :channel, where it is not null.
select * from subscriptions
where target = :target and id > :after and channel = coalesce(:channel, channel)
order by id
limit :count;

-- name: subscriptions_at(channel, after, count)
-- The first :count at :channel after :after.
select * from subscriptions where channel = :channel and id > :after order by id limit :count;

-- name: subscriptions_of(targets, channels)
-- Those of any of :targets [channel…] at any of :channels [channel…]; not by the index of the channels, which hold many.
select *
from subscriptions
where
    target in (select value from json_each(:targets))
    and channel || '' in (select value from json_each(:channels))
order by id;

-- name: end_subscriptions(ids)!
-- Those of :ids [id…] are over.
delete from subscriptions where id in (select value from json_each(:ids));

-- name: forget_told(ids)!
-- What the subscriptions :ids [id…] were told at once.
delete from told where subscription in (select value from json_each(:ids));

-- name: standings()
-- How many subscriptions there are, by how they stand.
select standing, count(*) as depth from subscriptions group by standing;

-- name: subscribed()
-- For how many subscriptions each channel's messages are looked at.
select channel, sum(depth) as depth
from (
    select channel, count(*) as depth from subscriptions where live = 1 group by channel
    union all
    select channel, count(*) as depth from subscriptions where urgent <> '' group by channel
)
group by channel;

-- name: hearers(channel, words, after, count)
-- The first :count after :after who hear at once what comes to :channel, of those with a name only where it is one of
-- :words [word…].
select * from subscriptions where channel = :channel and live = 1 and id > :after
union all
select subscriptions.*
from (select distinct value as name from json_each(:words)) as word
cross join subscriptions -- so that each word is looked up: not each subscription looked at
where channel = :channel and urgent <> '' and urgent = word.name and id > :after
order by id
limit :count;

-- name: spread_to(seq, targets)
-- Deliveries of the message of the delivery :seq to those of :targets [channel…] that it was not brought to yet, and as
-- it is brought there; none where it was deleted meanwhile.
insert into deliveries (message_id, channel, state, changed, body)
select source.message_id, target.value, 'pending', messages.at, source.body
from json_each(:targets) as target
join deliveries as source on source.seq = :seq
join messages on messages.id = source.message_id
where
    target.value not in (
        select channel from deliveries where message_id = (select message_id from deliveries where seq = :seq)
    )
    and not exists (select 1 from deletions where deletions.message_id = source.message_id)
order by target.key
returning seq, channel;

-- name: add_told(rows)!
-- :rows [[subscription, seq]…]; not of subscriptions that ended meanwhile.
insert into told (subscription, seq)
select row.value ->> 0, row.value ->> 1
from json_each(:rows) as row
join subscriptions on subscriptions.id = row.value ->> 0
where true
on conflict do nothing;

-- name: told(ids)
-- What the subscriptions :ids [id…] were told at once.
select subscription, seq from told where subscription in (select value from json_each(:ids));

-- name: forget_told_of(rows)!
-- :rows [[subscription, seq]…].
delete from told where (subscription, seq) in (select value ->> 0, value ->> 1 from json_each(:rows));

-- name: forget_told_upto(rows)!
-- :rows [[subscription, seq]…]: what each was told at once up to there.
delete from told
where (subscription, seq) in (
    select told.subscription, told.seq
    from json_each(:rows) as row
    join told on told.subscription = row.value ->> 0 and told.seq <= row.value ->> 1
);

-- name: spread_upto(seq)
-- How far the delivery :seq has come.
select upto from spreads where seq = :seq;

-- name: heard_upto(ids)
-- Up to where each of the subscriptions :ids [id…] was told at once what its channel holds: just before the oldest that
-- is on its way to subscribers and has not passed this one, else to the end.
select
    subscriptions.id,
    coalesce(
        (
            select own.seq - 1
            from deliveries as telling
            join deliveries as own
                on own.message_id = telling.message_id and own.channel = subscriptions.channel
            where
                telling.channel = 'subscribers:' || subscriptions.channel
                and telling.state = 'pending'
                and coalesce((select upto from spreads where spreads.seq = telling.seq), 0) < subscriptions.id
            order by telling.seq
            limit 1
        ),
        (select max(seq) from deliveries where deliveries.channel = subscriptions.channel),
        0
    ) as seq
from subscriptions
where id in (select value from json_each(:ids));

-- name: put_spread(seq, upto)!
-- How far the delivery :seq has come; never back.
insert into spreads (seq, upto) values (:seq, :upto)
on conflict (seq) do update set upto = max(upto, excluded.upto);

-- name: clear_spreads(count)!
-- Forget up to :count of which nothing more comes: a dead letter may yet go on from where it was.
delete from spreads
where seq in (
    select seq
    from spreads
    where (select state from deliveries where deliveries.seq = spreads.seq) in ('done', 'dropped')
    limit :count
);

-- name: due_subscriptions(now, count)
-- Those whose time has come, of each target that is among the first :count, beside each other; the earliest first.
with first as (
    select target, due
    from subscriptions
    where due > 0 and standing in ('on', 'paused') and due <= :now
    order by due, target, id
    limit :count
),

called as (select target, min(due) as earliest from first group by target)

select subscriptions.*
from called
join subscriptions on subscriptions.target = called.target
where subscriptions.due > 0 and subscriptions.standing in ('on', 'paused') and subscriptions.due <= :now
order by called.earliest, called.target, subscriptions.due, subscriptions.id;

-- name: due_count(now)
-- How many there are whose time has come.
select count(*) as depth from subscriptions where due > 0 and standing in ('on', 'paused') and due <= :now;

-- name: far_subscriptions(due, after, count)
-- The first :count after :after that are not paused and due later than :due.
select * from subscriptions
where due > 0 and standing in ('on', 'paused') and due > :due and standing = 'on' and +id > :after -- few are due so late
order by +id
limit :count;

-- name: next_subscription()
-- When the next is due.
select due from subscriptions where due > 0 and standing in ('on', 'paused') order by due limit 1;

-- name: between(channel, after, upto, count)
-- The first :count that a digest of :channel may tell behind :after up to :upto.
select * from sent
where
    destination = :channel
    and seq > :after
    and seq <= :upto
    and state in ('came', 'pending', 'done')
    and corrects = ''
    and substr(author_key, 1, 11) <> 'bus:digest:'
    and not exists (select 1 from deletions where deletions.message_id = sent.id)
    and not exists (select 1 from stories where stories.seq = sent.seq and stories.published = 0)
order by seq
limit :count;

-- name: counted(channel, after, upto)
-- How many those are in all.
select count(*) as depth from sent
where
    destination = :channel
    and seq > :after
    and seq <= :upto
    and state in ('came', 'pending', 'done')
    and corrects = ''
    and substr(author_key, 1, 11) <> 'bus:digest:'
    and not exists (select 1 from deletions where deletions.message_id = sent.id)
    and not exists (select 1 from stories where stories.seq = sent.seq and stories.published = 0);

-- name: add_digest_parts(rows)!
-- :rows [[digest_id, subscription, after, upto]…].
insert into digest_parts (digest_id, subscription, after, upto)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3
from json_each(:rows)
where true
on conflict do nothing;

-- name: digest_parts(id)
-- What the digest :id tells, by subscription.
select subscription, after, upto from digest_parts where digest_id = :id order by subscription;

-- name: address(who, target)
-- An address as :who gave it.
select * from addresses where who = :who and target = :target;

-- name: all_addresses()
-- Every address.
select * from addresses order by who, target;

-- name: addresses_of(who, target)
-- Those that :who gave; :target alone, where it is not null.
select * from addresses where who = :who and target = coalesce(:target, target) order by target;

-- name: addresses_for(target)
-- Everyone's who gave :target.
select * from addresses where target = :target order by who;

-- name: put_address(who, target, mailbox, proof, asked, tries, why)!
-- Keep an address, in the place of what it was before.
insert into addresses (who, target, mailbox, proof, asked, tries, why)
values (:who, :target, :mailbox, :proof, :asked, :tries, :why)
on conflict (who, target) do update
set proof = excluded.proof, asked = excluded.asked, tries = excluded.tries, why = excluded.why;

-- name: end_fallbacks(who, target)!
-- Nothing of :who falls back to :target any more.
update subscriptions set fallback = '' where who = :who and fallback = :target;

-- name: drop_address(who, target)!
-- Forget an address.
delete from addresses where who = :who and target = :target;

-- name: drop_addresses_for(target)!
-- Forget :target, whoever gave it.
delete from addresses where target = :target;

-- name: bounce_addresses(target, why)!
-- What was sent to :target came back. What its owner said of it stays.
update addresses set proof = 'bounced', asked = 0, why = :why
where target = :target and proof not in ('bounced', 'refused');

-- name: stopped(mailbox)
-- A row where the owner of :mailbox wants nothing.
select 1 from addresses where mailbox = :mailbox and proof = 'refused' limit 1;

-- name: allow(mailbox)!
-- The owner of :mailbox may be asked again.
delete from addresses where mailbox = :mailbox and proof = 'refused';

-- name: take_try(who, since, upto, most)
-- One try more of each of :who's that was asked from :since to :upto and has had less than :most.
update addresses set tries = tries + 1
where who = :who and asked between :since and :upto and asked > 0 and tries < :most
returning *;

-- name: forget_asks(before)!
-- What was asked before :before.
delete from asks where at < :before;

-- name: asks(target, who, domain, since, upto)
-- How often :target was asked from :since to :upto, how often :who did so, and how often everyone at :domain.
select
    (select count(*) from asks where target = :target and at between :since and :upto) as mailbox,
    (select count(*) from asks where who = :who and at between :since and :upto) as person,
    (
        select count(*) from asks
        where substr(who, instr(who, '@')) = :domain and at between :since and :upto
    ) as domain;

-- name: add_ask(target, who, at)!
-- :target is asked, as :who wants.
insert into asks (target, who, at) values (:target, :who, :at);

-- name: came(id, channels)
-- Which of :channels [channel…] the message :id was brought to, or is on its way to.
select distinct channel from deliveries
where message_id = :id and channel in (select value from json_each(:channels));
