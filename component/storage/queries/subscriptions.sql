-- Subscriptions.

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
